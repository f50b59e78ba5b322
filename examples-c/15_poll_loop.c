/* 15_poll_loop: several sessions and a descriptor of the program's own in one loop of poll(2). Usage: 15_poll_loop [URL] */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SESSIONS = 3, CALLS = 4 };

struct place {
  haft_session *session;
  int answers, closed;
};

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static void begin(struct place *place, const char *url, int number) {
  haft_error *error = NULL;
  check(haft_session_create(url, NULL, &place->session, &error), &error);
  for (int call = 0; call < CALLS; call++) {
    char target[32], tag[32];
    /* The last call is answered first. */
    snprintf(target, sizeof target, "/delay/0.%02d", (CALLS - call) * 5);
    snprintf(tag, sizeof tag, "session %d, call %d", number, call);
    haft_args *args = haft_args_new();
    haft_args_set(args, "tag", tag);
    check(haft_session_submit(place->session, "GET", target, args, NULL, &error), &error);
    haft_args_free(args);
  }
}

/* The descriptor was readable: take what is there, without waiting. */
static void drain(struct place *place) {
  haft_event *event = NULL;
  haft_error *error = NULL;
  while (!place->closed) {
    check(haft_session_poll(place->session, 0, &event, &error), &error);
    if (event == NULL) return;
    switch (haft_event_kind(event)) {
    case HAFT_EVENT_RESPONSE:
      /* Either the answer or the error. */
      if (haft_event_error(event) != NULL)
        printf("%s: %s\n", haft_event_topic(event), haft_error_message(haft_event_error(event)));
      else
        printf("%s: %d\n", haft_event_topic(event), haft_response_status(haft_event_response(event)));
      place->answers++;
      break;
    case HAFT_EVENT_DROPPED: /* we were too slow for the messages of a subscription */
      printf("%ld messages were lost\n", (long)haft_value_int(haft_value_at(haft_event_value(event), "count"), 0));
      break;
    case HAFT_EVENT_CLOSED: /* the last one: a further poll would be HAFT_E_STATE */
      place->closed = 1;
      break;
    default: /* kinds of later versions */
      break;
    }
    haft_event_free(event);
  }
}

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP");
  struct place places[SESSIONS] = {{NULL, 0, 0}};
  struct pollfd watched[SESSIONS + 1];
  haft_error *error = NULL;
  int own[2], open = SESSIONS, answers = 0, heard = 0;

  /* Whatever else the program waits for; here a pipe that it writes to itself. */
  if (pipe(own) != 0 || write(own[1], "hello", 5) != 5) return EXIT_FAILURE;
  watched[SESSIONS] = (struct pollfd){own[0], POLLIN, 0};
  for (int i = 0; i < SESSIONS; i++) {
    begin(&places[i], url, i);
    watched[i] = (struct pollfd){haft_session_fd(places[i].session), POLLIN, 0};
  }

  while (open > 0) {
    if (poll(watched, SESSIONS + 1, 10000) < 1) return EXIT_FAILURE; /* ten seconds of nothing */
    if (watched[SESSIONS].revents != 0) {
      char text[5];
      heard += read(own[0], text, sizeof text) == 5;
      watched[SESSIONS].fd = -1; /* poll skips it from now on */
    }
    for (int i = 0; i < SESSIONS; i++) {
      if (watched[i].revents == 0) continue;
      drain(&places[i]);
      /* Nothing is on its way any more, so close has nothing to wait for. Its CLOSED makes the descriptor readable. */
      if (places[i].answers == CALLS && !places[i].closed) check(haft_session_close(places[i].session, NULL, &error), &error);
      if (places[i].closed) {
        /* First out of the loop, then freed: the descriptor goes with the session. */
        watched[i].fd = -1;
        haft_session_free(places[i].session);
        answers += places[i].answers;
        open--;
      }
    }
  }
  printf("%d answers from %d sessions\n", answers, SESSIONS);
  close(own[0]);
  close(own[1]);
  return answers == SESSIONS * CALLS && heard == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
