/* 14_sse: an event stream that is lost and comes back, until the server says that it is over. Usage: 14_sse [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_event *event, const char *member) {
  return haft_value_string(haft_value_at(haft_event_value(event), member), NULL);
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_event *event = NULL;
  haft_error *error = NULL;
  int messages = 0, lost = 0, restored = 0, open = 1;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  /* The server cuts the connection after every second event; each new one goes on after the last that arrived. */
  haft_args *args = haft_args_new();
  haft_args_set(args, "params.after", "2");
  haft_args_set(args, "params.count", "6");
  haft_args_set(args, "params.retry", "20"); /* the stream asks to be tried again after 20 ms */
  haft_args_set_int(args, "reconnect.max_retries", 5);
  check(haft_session_subscribe(session, "sse:/sse/drop", args, NULL, NULL, NULL, NULL, &error), &error);
  haft_args_free(args);

  while (open) {
    check(haft_session_poll(session, 30000, &event, &error), &error);
    if (event == NULL) return EXIT_FAILURE; /* half a minute of nothing */
    switch (haft_event_kind(event)) {
    case HAFT_EVENT_MESSAGE:
      printf("%s %s: %s\n", text(event, "event"), text(event, "id"), text(event, "data"));
      messages++;
      break;
    case HAFT_EVENT_LOST:
      printf("lost: %s\n", haft_error_message(haft_event_error(event)));
      lost++;
      break;
    case HAFT_EVENT_RESTORED:
      printf("restored after event %s\n", text(event, "last_event_id"));
      restored++;
      break;
    case HAFT_EVENT_ENDED:
      printf("ended%s%s\n", haft_event_error(event) != NULL ? ": " : " in order",
             haft_event_error(event) != NULL ? haft_error_message(haft_event_error(event)) : "");
      open = haft_event_error(event) != NULL ? -1 : 0;
      break;
    default: /* kinds of later versions */
      break;
    }
    if (open < 0) return EXIT_FAILURE;
    haft_event_free(event);
  }
  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);
  return messages == 6 && lost > 0 && restored == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
