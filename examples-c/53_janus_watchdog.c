/* 53_janus_watchdog: a session that survives a restart of the server. Usage: 53_janus_watchdog [URL]
 *
 * With `recover: "recreate"` a server that has forgotten everything is given it again: the session, its handles, and what
 * they had joined. Without a URL the sandbox restarts its server; with one that is up to whoever runs it. */
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

static long long number(const haft_value *value, const char *pointer) {
  return (long long)haft_value_int(haft_value_at(value, pointer), 0);
}

static long long participants(haft_session *handle, long long room) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  haft_args_set_int(args, "room", room);
  check(haft_session_request(handle, "listparticipants", NULL, args, &response, &error));
  long long count = (long long)haft_value_count(haft_value_at(haft_response_value(response), "/participants"));
  haft_response_free(response);
  haft_args_free(args);
  return count;
}

/* The sandbox kills its server and starts it again; its answer says that it is there. */
static void restart(haft_session *sandbox) {
  haft_args *args = haft_args_new();
  haft_args_set_json(args, "params", "{\"janus\": \"restart\"}");
  check(haft_session_request(sandbox, "POST", "/_control", args, NULL, &error));
  haft_args_free(args);
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  char url[256];
  haft_session *session = NULL, *room = NULL, *sandbox = NULL;
  haft_args *args = haft_args_new();
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  haft_args_set(args, "recover", "recreate");
  haft_args_set(args, "retry_delay", "100ms");
  haft_args_set_null(args, "max_retries"); /* for ever */
  check(haft_session_create(url, args, &session, &error));
  haft_args_free(args);
  check(haft_session_attach(session, "janus.plugin.videoroom", NULL, &room, &error));
  args = haft_args_new();
  haft_args_set_json(args, NULL, "{\"room\": 1234, \"ptype\": \"publisher\", \"display\": \"the watchdog\"}");
  check(haft_session_request(room, "join", NULL, args, NULL, &error));
  haft_args_free(args);
  printf("in the room with %lld\n", participants(room, 1234));

  if (argc == 1) {
    check(haft_session_create(getenv("HAFT_DEMO_HTTP"), NULL, &sandbox, &error));
    restart(sandbox);
    haft_session_free(sandbox);
  }
  int lost = 0, restored = 0;
  while (!restored) {
    haft_event *event = NULL;
    check(haft_session_poll(session, argc > 1 ? -1 : 20000, &event, &error));
    if (event == NULL) return EXIT_FAILURE; /* twenty seconds of nothing */
    switch (haft_event_kind(event)) {
    case HAFT_EVENT_LOST:
      printf("LOST: %s\n", haft_error_message(haft_event_error(event)));
      lost++;
      break;
    case HAFT_EVENT_RESTORED:
      printf("RESTORED: session %lld is %lld now\n", number(haft_event_value(event), "/old_id"),
             number(haft_event_value(event), "/id"));
      restored = number(haft_event_value(event), "/old_id") != number(haft_event_value(event), "/id");
      break;
    case HAFT_EVENT_CLOSED:
      return EXIT_FAILURE;
    default: /* kinds of later versions */
      break;
    }
    haft_event_free(event);
  }
  long long count = participants(room, 1234);
  printf("in the room again with %lld\n", count);
  check(haft_session_close(session, NULL, &error));
  haft_session_free(room);
  haft_session_free(session);
  return lost > 0 && count >= 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
