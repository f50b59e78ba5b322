/* Close while a callback hangs: every call is answered once and in time, also those whose turn at the worker never came;
 * CLOSED is last, and a second close waits for what the first one could not wait for. */
#include "life.h"

enum { CALLS = 200 };

struct hung {
  atomic_int inside, gate, drops;
};
static void hang(void *data, haft_event *event) {
  struct hung *hung = data;
  haft_event_free(event);
  atomic_fetch_add(&hung->inside, 1);
  await(&hung->gate, 1);
}
static void let_go(void *data) { atomic_fetch_add(&((struct hung *)data)->drops, 1); }

static int text_is(const haft_value *value, const char *wanted) {
  return strcmp(haft_value_string(value, NULL), wanted) == 0;
}

static void behind_a_hung_callback(void) {
  haft_session *session = open_session();
  haft_error *error = NULL;
  struct hung hung = {0};
  CHECK(haft_session_subscribe(session, "haft.state", NULL, hang, &hung, let_go, NULL, NULL) == HAFT_OK);
  await(&hung.inside, 1);
  static unsigned char seen[CALLS + 1];
  haft_args *args = haft_args_new();
  for (int k = 1; k <= CALLS; k++) {
    haft_args_set_int(args, "id", k);
    /* Commits are done by the worker, one after the other; the rest by the reactor. */
    bool commit = k % 2;
    CHECK(haft_session_submit(session, commit ? "haft.commit" : "GET", commit ? NULL : "/fault/stall", args, NULL, &error) ==
          HAFT_OK);
  }
  haft_args_free(args);
  /* One is cancelled before: its answer does not wait for the worker either. */
  haft_session_cancel(session, 1);
  haft_event *event = NULL;
  CHECK(haft_session_poll(session, 20000, &event, NULL) == HAFT_OK && haft_event_id(event) == 1);
  CHECK(text_is(haft_value_at(haft_error_detail(haft_event_error(event)), "outcome"), "not_sent"));
  haft_event_free(event);
  args = haft_args_new();
  haft_args_set_double(args, "timeout", 2);
  double before = seconds();
  FAILS(haft_session_close(session, args, &error), HAFT_E_TIMEOUT, "a callback did not end");
  CHECK(seconds() - before < 8);
  haft_args_free(args);
  for (int answers = 0;; answers++) {
    CHECK(haft_session_poll(session, 0, &event, NULL) == HAFT_OK && event != NULL);
    haft_kind kind = haft_event_kind(event);
    uint64_t id = haft_event_id(event);
    if (kind == HAFT_EVENT_RESPONSE) {
      CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED && id <= CALLS && id > 1 && !seen[id]++);
    }
    haft_event_free(event);
    if (kind == HAFT_EVENT_CLOSED) {
      CHECK(answers == CALLS - 1);
      break;
    }
    CHECK(kind == HAFT_EVENT_RESPONSE);
  }
  CHECK(atomic_load(&hung.drops) == 0);
  atomic_store(&hung.gate, 1);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  CHECK(atomic_load(&hung.drops) == 1);
  haft_session_free(session);
}

static void *close_it(void *session) {
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  check_state(session, "closed");
  return NULL;
}

/* Several closes at once: each returns when the session is closed, and one CLOSED is told. */
static void closes_at_once(void) {
  for (int round = 0; round < 20; round++) {
    haft_session *session = open_session();
    for (int k = 0; k < 20; k++) CHECK(haft_session_submit(session, "GET", "/fault/stall", NULL, NULL, NULL) == HAFT_OK);
    pthread_t threads[4];
    for (int k = 0; k < 4; k++) CHECK(pthread_create(&threads[k], NULL, close_it, session) == 0);
    for (int k = 0; k < 4; k++) CHECK(pthread_join(threads[k], NULL) == 0);
    int answers = 0, closed = 0;
    haft_event *event = NULL;
    while (haft_session_poll(session, 0, &event, NULL) == HAFT_OK) {
      CHECK(event != NULL && closed == 0);
      answers += haft_event_kind(event) == HAFT_EVENT_RESPONSE;
      closed += haft_event_kind(event) == HAFT_EVENT_CLOSED;
      haft_event_free(event);
    }
    CHECK(answers == 20 && closed == 1);
    haft_session_free(session);
  }
}

/* What a subscription says of itself. */
static void shown(void) {
  haft_session *session = open_session();
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  haft_response *answer = NULL;
  haft_args_set_int(args, "queue_max", 1);
  for (int k = 0; k < 3; k++)
    CHECK(haft_session_subscribe(session, "haft.state", args, NULL, NULL, NULL, NULL, NULL) == HAFT_OK);
  CHECK(haft_session_inspect(session, "subscriptions", NULL, &answer, NULL) == HAFT_OK);
  const haft_value *list = haft_response_value(answer);
  CHECK(haft_value_count(list) == 3 && text_is(haft_value_at(list, "/0/kind"), "pull"));
  CHECK(text_is(haft_value_at(list, "/0/topic"), "haft.state"));
  CHECK(haft_value_int(haft_value_at(list, "/0/dropped"), -1) == 0 && haft_value_int(haft_value_at(list, "/0/queued"), -1) == 1);
  CHECK(haft_value_int(haft_value_at(list, "/2/dropped"), -1) == 0 && haft_value_int(haft_value_at(list, "/2/queued"), -1) == 1);
  haft_response_free(answer);
  haft_args_set(args, "overflow", "wait");
  FAILS(haft_session_subscribe(session, "haft.state", args, NULL, NULL, NULL, NULL, &error), HAFT_E_ARGUMENT, "cannot be made");
  haft_args_free(args);
  haft_session_free(session);
}

int main(int count, char **arguments) {
  CHECK(count > 1);
  server = arguments[1];
  behind_a_hung_callback();
  closes_at_once();
  shown();
  return 0;
}
