/* 13_websocket: a WebSocket as a child of a session: send, hear, ping, close. Usage: 13_websocket [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

/* The next event, which must come. */
static haft_event *next(haft_session *socket) {
  haft_event *event = NULL;
  haft_error *error = NULL;
  check(haft_session_poll(socket, 10000, &event, &error), &error);
  if (event == NULL) exit(EXIT_FAILURE); /* ten seconds of nothing */
  return event;
}

int main(int argc, char **argv) {
  static const unsigned char bytes[] = {0x00, 0xff, 0x00, 0x7f};
  haft_session *session = NULL, *socket = NULL;
  haft_response *response = NULL;
  haft_error *error = NULL;
  size_t size = 0;
  int texts = 0, binaries = 0;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  /* Opens it and waits until it stands; cookies, authentication and proxies are the session's. A connection that is lost is
   * made again. */
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, "{\"reconnect\": true, \"timeout\": 10}");
  check(haft_session_attach(session, "ws:/ws/echo", args, &socket, &error), &error);
  haft_args_free(args);
  check(haft_session_subscribe(socket, "*", NULL, NULL, NULL, NULL, NULL, &error), &error);

  /* Returns when the bytes were handed to the system; haft_session_submit does not wait for that. */
  args = haft_args_new();
  haft_args_set(args, "text", "hello");
  check(haft_session_request(socket, "send", NULL, args, NULL, &error), &error);
  haft_args_free(args);
  args = haft_args_new();
  haft_args_set_bytes(args, "bytes", bytes, sizeof bytes);
  check(haft_session_request(socket, "send", NULL, args, NULL, &error), &error);
  haft_args_free(args);

  while (texts + binaries < 2) {
    haft_event *event = next(socket);
    const haft_value *value = haft_event_value(event);
    switch (haft_event_kind(event)) {
    case HAFT_EVENT_MESSAGE:
      if (haft_value_type(value) == HAFT_TYPE_STRING) {
        printf("text: %s\n", haft_value_string(value, NULL));
        texts++;
      } else {
        const void *back = haft_value_bytes(value, &size);
        printf("bytes: %zu\n", size);
        binaries += size == sizeof bytes && memcmp(back, bytes, size) == 0;
      }
      break;
    case HAFT_EVENT_LOST:
      fprintf(stderr, "lost: %s\n", haft_error_message(haft_event_error(event)));
      break;
    case HAFT_EVENT_CLOSED:
      return EXIT_FAILURE; /* nobody asked for it yet */
    default:
      break;
    }
    haft_event_free(event);
  }

  /* Waits for the pong. */
  check(haft_session_request(socket, "ping", NULL, NULL, &response, &error), &error);
  printf("the peer is there: %s\n",
         haft_value_double(haft_value_at(haft_response_value(response), "rtt"), -1) >= 0 ? "yes" : "no");
  haft_response_free(response);

  /* Waits for the peer's close; then the handle is closed as well. */
  args = haft_args_new();
  haft_args_set_int(args, "code", 1000);
  haft_args_set(args, "reason", "enough");
  check(haft_session_request(socket, "close", NULL, args, &response, &error), &error);
  haft_args_free(args);
  printf("closed: %d\n", (int)haft_value_int(haft_value_at(haft_response_value(response), "code"), 0));
  haft_response_free(response);
  haft_event *last = next(socket);
  int ended = haft_event_kind(last) == HAFT_EVENT_CLOSED;
  haft_event_free(last);
  haft_session_free(socket);
  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);
  return ended ? EXIT_SUCCESS : EXIT_FAILURE;
}
