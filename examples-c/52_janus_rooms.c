/* 52_janus_rooms: rooms are listed and made, two join one, and hear of each other. Usage: 52_janus_rooms [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_value *value, const char *pointer) {
  return haft_value_string(haft_value_at(value, pointer), NULL);
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

/* The next message of a handle, or the end of the program. */
static haft_event *hear(haft_session *handle) {
  haft_event *event = NULL;
  check(haft_session_poll(handle, 10000, &event, &error));
  if (event == NULL || haft_event_kind(event) != HAFT_EVENT_MESSAGE) exit(EXIT_FAILURE);
  return event;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  const char *names[2] = {"alice", "bob"};
  char url[256], json[256];
  haft_session *session = NULL, *handles[2] = {NULL, NULL};
  long long ids[2] = {0, 0};
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  check(haft_session_create(url, NULL, &session, &error));
  for (int at = 0; at < 2; at++) check(haft_session_attach(session, "janus.plugin.videoroom", NULL, &handles[at], &error));

  /* A room with a number of the server's choice. It belongs to the plugin: any handle may use it. */
  haft_response *made = ask(handles[0], "create", "{\"description\": \"a room of the demo\", \"publishers\": 2, \"notify_joining\": true}");
  long long room = number(haft_response_value(made), "/room");
  haft_response_free(made);
  haft_response *listed = ask(handles[0], "list", "{}");
  const haft_value *list = haft_value_at(haft_response_value(listed), "/list");
  int found = 0;
  for (size_t at = 0; at < haft_value_count(list); at++) {
    const haft_value *one = haft_value_item(list, at, NULL);
    printf("%lld: %s, %lld of %lld\n", number(one, "/room"), text(one, "/description"), number(one, "/num_participants"),
           number(one, "/max_publishers"));
    found += number(one, "/room") == room;
  }
  haft_response_free(listed);

  /* Events of one name: who comes. The other topic brings whatever the plugin says. */
  check(haft_session_subscribe(handles[0], "event:joining", NULL, NULL, NULL, NULL, NULL, &error));
  check(haft_session_subscribe(handles[1], "event", NULL, NULL, NULL, NULL, NULL, &error));
  for (int at = 0; at < 2; at++) {
    snprintf(json, sizeof json, "{\"room\": %lld, \"ptype\": \"publisher\", \"display\": \"%s\"}", room, names[at]);
    haft_response *joined = ask(handles[at], "join", json);
    ids[at] = number(haft_response_value(joined), "/id");
    haft_response_free(joined);
  }
  haft_event *event = hear(handles[0]);
  int came = number(haft_event_value(event), "/plugindata/data/joining/id") == ids[1];
  printf("%s hears that %s joined\n", names[0], text(haft_event_value(event), "/plugindata/data/joining/display"));
  haft_event_free(event);

  snprintf(json, sizeof json, "{\"room\": %lld}", room);
  haft_response *present = ask(handles[0], "listparticipants", json);
  size_t count = haft_value_count(haft_value_at(haft_response_value(present), "/participants"));
  printf("%zu participants\n", count);
  haft_response_free(present);

  /* What the plugin refuses is an error by its kind: nobody can join twice. */
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "room", room);
  haft_args_set(args, "ptype", "publisher");
  haft_status twice = haft_session_request(handles[1], "join", NULL, args, NULL, &error);
  printf("%s: %s\n", haft_status_name(twice), haft_error_message(error));
  haft_error_free(error);
  haft_args_free(args);

  haft_response_free(ask(handles[0], "leave", "{}"));
  event = hear(handles[1]);
  int left = number(haft_event_value(event), "/plugindata/data/leaving") == ids[0];
  printf("%s hears that %s left\n", names[1], left ? names[0] : "somebody");
  haft_event_free(event);
  haft_response_free(ask(handles[1], "destroy", json));
  check(haft_session_close(session, NULL, &error));
  for (int at = 0; at < 2; at++) haft_session_free(handles[at]);
  haft_session_free(session);
  return found == 1 && came && left && count == 2 && twice == HAFT_E_CONFLICT ? EXIT_SUCCESS : EXIT_FAILURE;
}
