/* 55_janus_media: a file goes to the server and comes back into another, as it is, without decoding; and tells how far it is.
 * Usage: 55_janus_media [URL [FILE [COPY]]]; .ivf, .webm, .mkv, .mp4, .ogg and .h264 are known by their content and name. */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_value *value, const char *pointer) {
  const char *found = haft_value_string(haft_value_at(value, pointer), NULL);
  return found != NULL ? found : "?";
}

static long long number(const haft_value *value, const char *pointer) {
  return (long long)haft_value_int(haft_value_at(value, pointer), 0);
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  const char *file = argc > 2 ? argv[2] : getenv("HAFT_DEMO_MEDIA");
  const char *copy = argc > 3 ? argv[3] : "55_copy.webm"; /* which is removed at the end */
  char url[256];
  haft_session *session = NULL, *echo = NULL;
  haft_response *response = NULL;
  if (!haft_supports("media")) {
    printf("this library was built without media\n");
    return EXIT_SUCCESS;
  }
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  check(haft_session_create(url, NULL, &session, &error));
  check(haft_session_attach(session, "janus.plugin.echotest", NULL, &echo, &error));

  /* A slip is found before anything is sent. */
  haft_args *args = haft_args_new();
  haft_args_set(args, "play_from", "there_is_none.webm");
  haft_status missing = haft_session_request(echo, "media", NULL, args, &response, &error);
  printf("%s: %s\n", haft_status_name(missing), haft_error_message(error));
  haft_error_free(error);
  haft_args_free(args);

  /* The whole call: the connection is made, the file is played at its own pace, and what comes back is written. */
  args = haft_args_new();
  haft_args_set(args, "play_from", file);
  haft_args_set(args, "record_to", copy);
  haft_args_set_bool(args, "progress", true);
  check(haft_session_submit(echo, "media", NULL, args, NULL, &error));
  haft_args_free(args);
  for (int heard = 0; response == NULL;) {
    haft_event *event = NULL;
    check(haft_session_poll(echo, 20000, &event, &error));
    if (event == NULL) return EXIT_FAILURE; /* twenty seconds of nothing */
    if (haft_event_kind(event) == HAFT_EVENT_PROGRESS) {
      /* Ten times a second: bytes of frames. */
      const haft_value *now = haft_event_value(event);
      if (++heard % 10 == 0) printf("%lld bytes went, %lld came back\n", number(now, "/sent"), number(now, "/received"));
    } else if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      if (haft_event_error(event)) fprintf(stderr, "%s\n", haft_error_message(haft_event_error(event)));
      response = haft_event_take_response(event);
      if (response == NULL) return EXIT_FAILURE;
    }
    haft_event_free(event);
  }

  /* What it came to, track by track. */
  const haft_value *value = haft_response_value(response), *tracks = haft_value_at(value, "/tracks");
  int same = haft_value_count(tracks) > 0;
  for (size_t at = 0; at < haft_value_count(tracks); at++) {
    const haft_value *track = haft_value_item(tracks, at, NULL);
    long long sent = number(track, "/sent/frames"), back = number(track, "/received/frames");
    printf("%s, %s: %lld frames went, %lld came back\n", text(track, "/kind"), text(track, "/codec"), sent, back);
    same = same && sent > 0 && back == sent;
  }
  printf("%s: %lld bytes\n", text(value, "/files/0/path"), number(value, "/files/0/bytes"));
  haft_response_free(response);
  check(haft_session_close(session, NULL, &error));
  haft_session_free(echo);
  haft_session_free(session);
  if (argc <= 3) remove(copy);
  return missing != HAFT_OK && same ? EXIT_SUCCESS : EXIT_FAILURE;
}
