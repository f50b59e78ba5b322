/* 57_janus_frames: encoded frames go out one by one, as from a camera, and come back as events.
 * Usage: 57_janus_frames [URL [FILE.ivf]] */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static unsigned long little(const unsigned char *bytes, int count) {
  return count == 0 ? 0 : little(bytes + 1, count - 1) << 8 | bytes[0];
}

/* IVF: a head of 32 bytes with the time base in it, then frames, each behind its size and its time. */
struct ivf {
  FILE *file;
  double base;
  unsigned char frame[65536];
  size_t size;
  double pts;
};

static void ivf_open(struct ivf *ivf, const char *path) {
  unsigned char head[32];
  ivf->file = path != NULL ? fopen(path, "rb") : NULL;
  if (ivf->file == NULL || fread(head, 1, 32, ivf->file) != 32 || memcmp(head, "DKIF", 4) != 0 || memcmp(head + 8, "VP80", 4) != 0) {
    fprintf(stderr, "%s: no IVF file with VP8\n", path != NULL ? path : "(none)");
    exit(EXIT_FAILURE);
  }
  ivf->base = (double)little(head + 20, 4) / (double)little(head + 16, 4);
}

static int ivf_next(struct ivf *ivf) {
  unsigned char head[12];
  if (fread(head, 1, 12, ivf->file) != 12) return 0;
  ivf->size = little(head, 4);
  ivf->pts = (double)little(head + 4, 4) * ivf->base;
  return ivf->size <= sizeof ivf->frame && fread(ivf->frame, 1, ivf->size, ivf->file) == ivf->size;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What came back by this moment, which is also a way to wait for it. */
static int hear(haft_session *echo, double until, int wanted) {
  int came = 0;
  while (came < wanted) {
    haft_event *event = NULL;
    double left = until - now();
    check(haft_session_poll(echo, left > 0 ? (int64_t)(left * 1e3) : 0, &event, &error));
    if (event == NULL) break;
    const haft_value *value = haft_event_value(event);
    size_t size = 0;
    if (haft_event_kind(event) == HAFT_EVENT_MESSAGE && haft_value_bytes(haft_value_at(value, "/data"), &size) != NULL) {
      came++;
      if (haft_value_bool(haft_value_at(value, "/keyframe"), false))
        printf("a keyframe came back: %.3f s, %zu bytes\n", haft_value_double(haft_value_at(value, "/pts"), 0), size);
    }
    haft_event_free(event);
  }
  return came;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  static struct ivf ivf;
  char url[256];
  haft_session *session = NULL, *echo = NULL;
  haft_response *response = NULL;
  if (!haft_supports("media")) {
    printf("this library was built without media\n");
    return EXIT_SUCCESS;
  }
  ivf_open(&ivf, argc > 2 ? argv[2] : getenv("HAFT_DEMO_IVF"));
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  check(haft_session_create(url, NULL, &session, &error));
  check(haft_session_attach(session, "janus.plugin.echotest", NULL, &echo, &error));
  check(haft_session_subscribe(echo, "haft.media", NULL, NULL, NULL, NULL, NULL, &error));

  haft_args *args = haft_args_new();
  haft_args_set_json(args, "tracks", "[{\"kind\": \"video\", \"codec\": \"vp8\"}]");
  haft_args_set(args, "until", "connected");
  check(haft_session_request(echo, "media", NULL, args, &response, &error));
  haft_args_free(args);
  char mid[64] = "";
  const char *named = haft_value_string(haft_value_at(haft_response_value(response), "/tracks/0/mid"), NULL);
  snprintf(mid, sizeof mid, "%s", named != NULL ? named : "");
  haft_response_free(response);
  printf("connected: track %s\n", mid);

  /* Each when it is due; the time until then goes into hearing. */
  int sent = 0, back = 0;
  double began = now();
  while (ivf_next(&ivf)) {
    back += hear(echo, began + ivf.pts, sent - back);
    while (now() < began + ivf.pts) {
      struct timespec rest = {0, 1000000};
      nanosleep(&rest, NULL);
    }
    args = haft_args_new();
    haft_args_set(args, "mid", mid);
    haft_args_set_bytes(args, "data", ivf.frame, ivf.size);
    haft_args_set_double(args, "pts", ivf.pts);
    /* The lowest bit of a VP8 frame is clear in a keyframe. */
    haft_args_set_bool(args, "keyframe", (ivf.frame[0] & 1) == 0);
    check(haft_session_request(echo, "write_frame", NULL, args, NULL, &error));
    haft_args_free(args);
    sent++;
  }
  fclose(ivf.file);
  back += hear(echo, now() + 5, sent - back);
  printf("%d frames went, %d came back\n", sent, back);

  check(haft_session_request(echo, "media_stop", NULL, NULL, &response, &error));
  printf("it counted %lld\n", (long long)haft_value_int(haft_value_at(haft_response_value(response), "/tracks/0/sent/frames"), 0));
  haft_response_free(response);
  check(haft_session_close(session, NULL, &error));
  haft_session_free(echo);
  haft_session_free(session);
  return sent > 0 && back == sent ? EXIT_SUCCESS : EXIT_FAILURE;
}
