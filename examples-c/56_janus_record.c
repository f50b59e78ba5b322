/* 56_janus_record: one publishes a file into a room, another records two seconds of it.
 * Usage: 56_janus_record [URL [FILE [RECORDING]]] */
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

static haft_response *ask(haft_session *session, const char *verb, const char *json) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  haft_args_set_json(args, NULL, json);
  check(haft_session_request(session, verb, NULL, args, &response, &error));
  haft_args_free(args);
  return response;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  const char *file = argc > 2 ? argv[2] : getenv("HAFT_DEMO_MEDIA");
  /* In the name {feed}, {mid} and {kind} become what they are; this one is removed at the end. */
  const char *recording = argc > 3 ? argv[3] : "56_{feed}.webm";
  char url[256], json[256], path[512];
  haft_session *session = NULL, *publisher = NULL, *recorder = NULL;
  haft_response *response = NULL;
  if (!haft_supports("media")) {
    printf("this library was built without media\n");
    return EXIT_SUCCESS;
  }
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  check(haft_session_create(url, NULL, &session, &error));
  check(haft_session_attach(session, "janus.plugin.videoroom", NULL, &publisher, &error));
  check(haft_session_attach(session, "janus.plugin.videoroom", NULL, &recorder, &error));
  response = ask(publisher, "create", "{\"description\": \"a room to be recorded\", \"videocodec\": \"vp8\", \"bitrate\": 0}");
  long long room = number(haft_response_value(response), "/room");
  haft_response_free(response);
  snprintf(json, sizeof json, "{\"room\": %lld, \"ptype\": \"publisher\", \"display\": \"haft\"}", room);
  response = ask(publisher, "join", json);
  long long feed = number(haft_response_value(response), "/id");
  haft_response_free(response);

  /* It returns as soon as media can flow, and goes on by itself: the file over and over, until it is stopped. */
  haft_args *args = haft_args_new();
  haft_args_set(args, "play_from", file);
  haft_args_set_bool(args, "loop", true);
  haft_args_set(args, "until", "connected");
  check(haft_session_request(publisher, "media", NULL, args, &response, &error));
  printf("%lld is published in room %lld: %zu tracks\n", feed, room,
         haft_value_count(haft_value_at(haft_response_value(response), "/tracks")));
  haft_response_free(response);
  haft_args_free(args);

  /* Each feed that is named has a file of its own; this call returns when the two seconds are over. */
  args = haft_args_new();
  snprintf(json, sizeof json, "{\"room\": %lld, \"feeds\": [%lld], \"duration\": 2}", room, feed);
  haft_args_set_json(args, NULL, json);
  haft_args_set(args, "record_to", recording);
  check(haft_session_request(recorder, "media", NULL, args, &response, &error));
  haft_args_free(args);
  const haft_value *tracks = haft_value_at(haft_response_value(response), "/tracks");
  long long frames = 0, bytes = number(haft_response_value(response), "/files/0/bytes");
  for (size_t at = 0; at < haft_value_count(tracks); at++) {
    const haft_value *track = haft_value_item(tracks, at, NULL);
    long long came = number(track, "/received/frames");
    printf("%s, %s: %lld frames\n", text(track, "/kind"), text(track, "/codec"), came);
    frames += came;
  }
  snprintf(path, sizeof path, "%s", text(haft_response_value(response), "/files/0/path"));
  printf("%s: %lld bytes\n", path, bytes);
  haft_response_free(response);

  check(haft_session_request(publisher, "media_stop", NULL, NULL, &response, &error));
  haft_response_free(response);
  snprintf(json, sizeof json, "{\"room\": %lld}", room);
  haft_response_free(ask(publisher, "destroy", json));
  check(haft_session_close(session, NULL, &error));
  haft_session_free(recorder);
  haft_session_free(publisher);
  haft_session_free(session);
  if (argc <= 3) remove(path);
  return frames > 20 && bytes > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
