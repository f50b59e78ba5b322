/* 11_events: requests that do not wait, in a loop of poll(2) that could hold other descriptors. Usage: 11_events [URL] */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_event *event = NULL;
  haft_error *error = NULL;
  uint64_t quick = 0, slow = 0;
  int states = 0, answers = 0, cancelled = 0, open = 1;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  /* Without a callback events wait in the session's queue. */
  check(haft_session_subscribe(session, "haft.state", NULL, NULL, NULL, NULL, NULL, &error), &error);

  haft_args *args = haft_args_new();
  haft_args_set(args, "tag", "quick one");
  check(haft_session_submit(session, "GET", "/get", args, &quick, &error), &error);
  haft_args_set(args, "tag", "slow one");
  check(haft_session_submit(session, "GET", "/delay/30", args, &slow, &error), &error);
  haft_args_free(args);

  struct pollfd descriptors[1] = {{haft_session_fd(session), POLLIN, 0}};
  while (open) {
    if (poll(descriptors, 1, 10000) != 1) return EXIT_FAILURE; /* ten seconds of nothing */
    /* Readable means that an event is there: 0 does not wait. */
    check(haft_session_poll(session, 0, &event, &error), &error);
    if (event == NULL) continue;
    switch (haft_event_kind(event)) {
    case HAFT_EVENT_MESSAGE:
      printf("%s: %s\n", haft_event_topic(event),
             haft_value_string(haft_value_at(haft_event_value(event), "state"), NULL));
      states++;
      break;
    case HAFT_EVENT_RESPONSE:
      if (haft_event_error(event) != NULL) {
        printf("%s: %s\n", haft_event_topic(event), haft_error_message(haft_event_error(event)));
        cancelled += haft_event_id(event) == slow &&
                     haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED;
        /* Nothing else is on its way: leave. CLOSED is the last event. */
        check(haft_session_close(session, NULL, &error), &error);
      } else {
        printf("%s: %d\n", haft_event_topic(event), haft_response_status(haft_event_response(event)));
        answers += haft_event_id(event) == quick;
        haft_session_cancel(session, slow);
      }
      break;
    case HAFT_EVENT_CLOSED:
      printf("closed\n");
      open = 0;
      break;
    default: /* kinds of later versions */
      break;
    }
    haft_event_free(event);
  }
  haft_session_free(session);
  return states > 0 && answers == 1 && cancelled == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
