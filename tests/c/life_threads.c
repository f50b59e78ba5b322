/* Calls, polls, closes and frees of several threads at once. */
#include "life.h"

struct caller {
  haft_session *session;
  const char *verb, *target;
  haft_status status;
  pthread_t thread;
};

static void *request(void *data) {
  struct caller *caller = data;
  haft_error *error = NULL;
  haft_response *answer = NULL;
  caller->status = haft_session_request(caller->session, caller->verb, caller->target, NULL, &answer, &error);
  CHECK(caller->status == HAFT_OK || haft_error_status(error) == caller->status);
  haft_error_free(error);
  haft_response_free(answer);
  return NULL;
}

static void *wait_for_close(void *data) {
  struct caller *caller = data;
  haft_event *event = NULL;
  haft_error *error = NULL;
  caller->status = haft_session_poll(caller->session, -1, &event, &error);
  if (caller->status == HAFT_OK) CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  haft_error_free(error);
  return NULL;
}

static void start(struct caller *caller, void *(*run)(void *)) {
  CHECK(pthread_create(&caller->thread, NULL, run, caller) == 0);
}

enum end { BY_CLOSE, BY_FREE, BY_CANCEL };

/* Calls that the server never answers end at once, and pollers hear of the end. */
static void in_flight_calls_end(enum end end) {
  haft_session *session = open_session(), *child = NULL;
  CHECK(haft_session_attach(session, "/", NULL, &child, NULL) == HAFT_OK);
  struct caller callers[6];
  for (int k = 0; k < 6; k++) {
    callers[k] = (struct caller){.session = k % 2 ? child : session, .verb = "GET", .target = "/fault/stall"};
    start(&callers[k], request);
  }
  uint64_t id = 0;
  CHECK(haft_session_submit(session, "GET", "/fault/stall", NULL, &id, NULL) == HAFT_OK);
  await_in_flight(session, 7);
  /* One that has perhaps not begun. */
  CHECK(haft_session_submit(session, "GET", "/fault/stall", NULL, NULL, NULL) == HAFT_OK);
  double before = seconds();
  if (end == BY_CLOSE) CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  if (end == BY_CANCEL) {
    haft_session_cancel(session, 0);
    haft_session_cancel(session, 0);
    haft_session_cancel(session, id);
    haft_session_cancel(session, 4711);
  }
  if (end == BY_FREE) {
    haft_session_free(child);
    haft_session_free(session);
  }
  for (int k = 0; k < 6; k++) {
    CHECK(pthread_join(callers[k].thread, NULL) == 0);
    CHECK(callers[k].status == HAFT_E_CANCELLED);
  }
  CHECK(seconds() - before < 4);
  if (end == BY_FREE) return;
  /* Each submitted call has its one answer. */
  for (int k = 0; k < 2; k++) {
    haft_event *event = NULL;
    CHECK(haft_session_poll(session, 20000, &event, NULL) == HAFT_OK && event != NULL);
    CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE);
    CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED);
    haft_event_free(event);
  }
  if (end == BY_CANCEL) {
    CHECK(status_of(session, "/status/204") == 204);
    CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  }
  haft_session_free(child);
  haft_session_free(session);
}

static void pollers_are_woken(enum end end) {
  haft_session *session = open_session();
  int descriptor = haft_session_fd(session);
  CHECK(descriptor >= 0 && haft_session_fd(session) == descriptor);
  struct caller pollers[4];
  for (int k = 0; k < 4; k++) {
    pollers[k] = (struct caller){.session = session};
    start(&pollers[k], wait_for_close);
  }
  /* Nothing tells that a thread sits in poll: some of them may come to a closed session, which is as good. A free must
   * not race with the start of a call, so that they are given the time by a call of their own. */
  if (end == BY_FREE) {
    struct timespec moment = {0, 200000000};
    nanosleep(&moment, NULL);
    haft_session_free(session);
  } else {
    CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  }
  int closed = 0;
  for (int k = 0; k < 4; k++) {
    CHECK(pthread_join(pollers[k].thread, NULL) == 0);
    CHECK(pollers[k].status == HAFT_OK || pollers[k].status == HAFT_E_STATE);
    closed += pollers[k].status == HAFT_OK;
  }
  CHECK(closed == 1);
  if (end != BY_FREE) haft_session_free(session);
}

static void *closing(void *data) {
  struct caller *caller = data;
  caller->status = haft_session_close(caller->session, NULL, NULL);
  check_state(caller->session, "closed");
  return NULL;
}

/* However many close, each returns when it is closed. */
static void several_close(void) {
  haft_session *session = open_session(), *child = NULL;
  CHECK(haft_session_attach(session, "/", NULL, &child, NULL) == HAFT_OK);
  struct caller stalled = {.session = child, .verb = "GET", .target = "/fault/stall"}, closers[4];
  start(&stalled, request);
  await_in_flight(session, 1);
  for (int k = 0; k < 4; k++) {
    closers[k] = (struct caller){.session = k % 2 ? child : session};
    start(&closers[k], closing);
  }
  for (int k = 0; k < 4; k++) {
    CHECK(pthread_join(closers[k].thread, NULL) == 0);
    CHECK(closers[k].status == HAFT_OK);
  }
  CHECK(pthread_join(stalled.thread, NULL) == 0 && stalled.status == HAFT_E_CANCELLED);
  haft_session_free(session);
  haft_session_free(child);
}

/* A callback that does not return holds close up no longer than it is allowed to take. */
static atomic_int entered, released;
static void slow(void *data, haft_event *event) {
  (void)data;
  haft_event_free(event);
  if (atomic_fetch_add(&entered, 1) == 0) await(&released, 1);
}
static void close_is_bounded(void) {
  haft_session *session = open_session();
  haft_error *error = NULL;
  atomic_int drops = 0;
  CHECK(haft_session_subscribe(session, "haft.state", NULL, slow, &drops, count_atomically, NULL, NULL) == HAFT_OK);
  await(&entered, 1);
  haft_args *args = haft_args_new();
  haft_args_set(args, "timeout", "50ms");
  FAILS(haft_session_close(session, args, &error), HAFT_E_TIMEOUT, "a callback did not end");
  haft_args_free(args);
  check_state(session, "closed");
  CHECK(drops == 0);
  haft_session_free(session);
  atomic_store(&released, 1);
  await(&drops, 1);
}

/* Requests begun while the session closes either end or are refused; none hangs, none is lost. */
static atomic_int stop;
static void *hammer(void *data) {
  struct caller *caller = data;
  while (!atomic_load(&stop)) {
    int status = status_of(caller->session, "/status/204");
    CHECK(status == 204 || status == HAFT_E_CANCELLED || status == HAFT_E_STATE);
    uint64_t id = 0;
    haft_status submitted = haft_session_submit(caller->session, "GET", "/status/204", NULL, &id, NULL);
    CHECK(submitted == HAFT_OK || submitted == HAFT_E_STATE);
    caller->status += submitted == HAFT_OK;
  }
  return NULL;
}
static void close_races(void) {
  for (int round = 0; round < 20; round++) {
    haft_session *session = open_session();
    struct caller callers[3];
    atomic_store(&stop, 0);
    for (int k = 0; k < 3; k++) {
      callers[k] = (struct caller){.session = session};
      start(&callers[k], hammer);
    }
    CHECK(status_of(session, "/status/204") == 204);
    CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
    atomic_store(&stop, 1);
    int submitted = 0, answered = 0;
    for (int k = 0; k < 3; k++) {
      CHECK(pthread_join(callers[k].thread, NULL) == 0);
      submitted += callers[k].status;
    }
    for (;;) {
      haft_event *event = NULL;
      CHECK(haft_session_poll(session, 0, &event, NULL) == HAFT_OK && event != NULL);
      haft_kind kind = haft_event_kind(event);
      haft_event_free(event);
      if (kind == HAFT_EVENT_CLOSED) break;
      answered += kind == HAFT_EVENT_RESPONSE;
    }
    CHECK(submitted == answered);
    haft_session_free(session);
  }
}

int main(int count, char **arguments) {
  CHECK(count > 1);
  server = arguments[1];
  in_flight_calls_end(BY_CLOSE);
  in_flight_calls_end(BY_FREE);
  in_flight_calls_end(BY_CANCEL);
  pollers_are_woken(BY_CLOSE);
  pollers_are_woken(BY_FREE);
  several_close();
  close_is_bounded();
  close_races();
  return 0;
}
