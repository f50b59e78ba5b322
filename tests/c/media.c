/* Media from a host in C, for tools that watch memory and threads: a film there and back into a file, to its end; stopped inside
 * of a callback; closed, and freed, in mid-stream; frames of two threads while a third looks at the numbers. argv: the URL of a
 * Janus, a film of several seconds, a path to record to. */
#include "events.h"

static const char *film, *recording;

static haft_session *attach_echo(haft_session *session) {
  haft_session *echo = NULL;
  haft_error *error = NULL;
  if (haft_session_attach(session, "janus.plugin.echotest", NULL, &echo, &error) != HAFT_OK) {
    fprintf(stderr, "%s\n", haft_error_message(error));
    exit(1);
  }
  return echo;
}

static haft_session *open_janus(void) {
  char url[256];
  haft_session *session = NULL;
  snprintf(url, sizeof url, "janus+%s", server);
  CHECK(haft_session_create(url, NULL, &session, NULL) == HAFT_OK);
  return session;
}

/* Under a tool everything takes its time, most of all the handshake. */
static haft_args *patient(void) {
  haft_args *args = haft_args_new();
  haft_args_set_double(args, "timeout", 300);
  return args;
}

/* Politely. */
static void close_all(haft_session *session) {
  haft_args *args = patient();
  haft_error *error = NULL;
  if (haft_session_close(session, args, &error) != HAFT_OK) {
    fprintf(stderr, "%s\n", haft_error_message(error));
    exit(1);
  }
  haft_args_free(args);
}

/* The film there and back. */
static uint64_t begin_film(haft_session *echo) {
  haft_args *args = patient();
  haft_args_set(args, "play_from", film);
  haft_args_set(args, "record_to", recording);
  haft_args_set_bool(args, "progress", true);
  uint64_t id = submit(echo, "media", NULL, args);
  haft_args_free(args);
  return id;
}

static void listen_to(haft_session *echo, const char *topic, haft_event_fn callback, void *data) {
  CHECK(haft_session_subscribe(echo, topic, NULL, callback, data, NULL, NULL, NULL) == HAFT_OK);
}

/* Waits for the answer of media; its value says how it ended. */
static void expect_end(haft_session *echo, uint64_t id, const char *end) {
  for (;;) {
    haft_event *event = next_event(echo);
    bool answered = haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_id(event) == id;
    if (answered) {
      if (haft_event_error(event)) fprintf(stderr, "%s\n", haft_error_message(haft_event_error(event)));
      haft_response *response = haft_event_take_response(event);
      CHECK(response != NULL);
      const haft_value *value = haft_response_value(response);
      CHECK_TEXT(haft_value_string(haft_value_at(value, "/end"), NULL), end);
      CHECK(haft_value_bool(haft_value_at(value, "/files/0/complete"), false));
      haft_response_free(response);
    }
    haft_event_free(event);
    if (answered) return;
  }
}

/* Waits for so many frames; everything that they are made of is read. */
static void await_frames(haft_session *echo, int count) {
  while (count > 0) {
    haft_event *event = next_event(echo);
    CHECK(haft_event_kind(event) != HAFT_EVENT_RESPONSE);
    size_t size = 0;
    const unsigned char *data = haft_value_bytes(haft_value_at(haft_event_value(event), "/data"), &size);
    volatile unsigned sum = 0;
    for (size_t at = 0; at < size; at++) sum += data[at];
    count -= size > 0;
    haft_event_free(event);
  }
}

static long size_of_recording(void) {
  FILE *file = fopen(recording, "rb");
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  long size = ftell(file);
  fclose(file);
  remove(recording);
  return size;
}

static void played_to_its_end(void) {
  haft_session *session = open_janus(), *echo = attach_echo(session);
  listen_to(echo, "haft.statistics", NULL, NULL);
  expect_end(echo, begin_film(echo), "played");
  CHECK(size_of_recording() > 1000);
  close_all(session);
  haft_session_free(echo);
  haft_session_free(session);
}

struct stop {
  haft_session *echo;
  int done;
};

static void stop_it(void *data, haft_event *event) {
  struct stop *stop = data;
  haft_response *response = NULL;
  if (haft_event_kind(event) == HAFT_EVENT_MESSAGE && !stop->done++) {
    CHECK(haft_session_request(stop->echo, "media_stop", NULL, NULL, &response, NULL) == HAFT_OK);
    CHECK_TEXT(haft_value_string(haft_value_at(haft_response_value(response), "/state"), NULL), "ending");
    haft_response_free(response);
  }
  haft_event_free(event);
}

static void stopped_inside_of_a_callback(void) {
  haft_session *session = open_janus(), *echo = attach_echo(session);
  struct stop stop = {echo, 0};
  listen_to(echo, "haft.media", stop_it, &stop);
  expect_end(echo, begin_film(echo), "stopped");
  CHECK(size_of_recording() > 0);
  close_all(session);
  haft_session_free(echo);
  haft_session_free(session);
}

static void closed_in_mid_stream(void) {
  haft_session *session = open_janus(), *echo = attach_echo(session);
  listen_to(echo, "haft.media", NULL, NULL);
  begin_film(echo);
  await_frames(echo, 20);
  close_all(session);
  /* The file is complete by then. */
  CHECK(size_of_recording() > 1000);
  haft_session_free(session);
  haft_session_free(echo);
}

static void freed_in_mid_stream(void) {
  haft_session *session = open_janus(), *echo = attach_echo(session);
  listen_to(echo, "haft.media", NULL, NULL);
  begin_film(echo);
  await_frames(echo, 20);
  haft_session_free(echo);
  haft_session_free(session);
}

/* Frames of a codec that nobody decodes on the way: an Opus packet of 20 ms, whose content does not matter. */
static void *write_frames(void *data) {
  for (int at = 0; at < 50; at++) {
    static const unsigned char packet[] = {0xfc, 1, 2, 3, 4, 5, 6, 7};
    haft_args *args = haft_args_new();
    haft_response *response = NULL;
    haft_args_set_bytes(args, "data", packet, sizeof packet);
    haft_args_set_double(args, "pts", at * 0.02);
    /* Of two threads that write, one may come with a time that the other has passed. */
    (void)haft_session_request(data, "write_frame", NULL, args, &response, NULL);
    haft_response_free(response);
    haft_args_free(args);
  }
  return NULL;
}

static void *look(void *data) {
  for (int at = 0; at < 50; at++) {
    haft_response *shown = NULL;
    CHECK(haft_session_inspect(data, "media", NULL, &shown, NULL) == HAFT_OK);
    CHECK(haft_value_count(haft_value_at(haft_response_value(shown), "/tracks")) == 1);
    haft_response_free(shown);
  }
  return NULL;
}

static void written_by_threads(void) {
  haft_session *session = open_janus(), *echo = attach_echo(session);
  haft_args *args = patient();
  haft_response *response = NULL;
  listen_to(echo, "haft.media", NULL, NULL);
  haft_args_set_json(args, NULL, "{\"tracks\": [{\"kind\": \"audio\"}], \"until\": \"connected\"}");
  CHECK(haft_session_request(echo, "media", NULL, args, &response, NULL) == HAFT_OK);
  haft_response_free(response);
  haft_args_free(args);
  pthread_t others[3];
  void *(*work[])(void *) = {write_frames, write_frames, look};
  for (int at = 0; at < 3; at++) CHECK(pthread_create(&others[at], NULL, work[at], echo) == 0);
  await_frames(echo, 40);
  for (int at = 0; at < 3; at++) CHECK(pthread_join(others[at], NULL) == 0);
  close_all(session);
  haft_session_free(echo);
  haft_session_free(session);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  alarm(900);
  CHECK(count > 3);
  film = arguments[2];
  recording = arguments[3];
  int before = descriptors();
  played_to_its_end();
  stopped_inside_of_a_callback();
  closed_in_mid_stream();
  freed_in_mid_stream();
  written_by_threads();
  await_baseline(before);
  remove(recording);
  return 0;
}
