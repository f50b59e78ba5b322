/* Forks with everything alive: sessions, submitted calls on the reactor and on the worker, subscriptions, a poll and a
 * request in other threads, and threads that are in the middle of any call. The child's calls with the parent's objects
 * are refused, its frees let go of memory only, it has sessions and a reactor of its own, and its own children too. The
 * parent notices nothing. argv[1] is the URL of the sandbox. */
#include "events.h"

#include <sys/wait.h>

enum { STALLED = 50 };

static haft_session *session, *child_session;
static haft_event *old_event;
static haft_response *old_response, *old_stream;
static haft_error *old_error;
static haft_args *old_args;
static atomic_int pushed, drops, hammering;

static void take(void *data, haft_event *event) {
  (void)data;
  haft_event_free(event);
  atomic_fetch_add(&pushed, 1);
}

static int64_t wait_inside(void *data, void *buffer, size_t size) {
  (void)buffer, (void)size;
  while (!atomic_load((atomic_int *)data)) sched_yield();
  return 0;
}

/* In the child: all that the parent made is refused, and goes without a word to the server or to its threads. */
static void the_parents_is_refused(void) {
  haft_session *both[2] = {session, child_session};
  for (int k = 0; k < 2; k++) {
    haft_session *old = both[k], *out = NULL;
    haft_response *answer = NULL;
    haft_event *event = NULL;
    haft_args *prepared = NULL;
    haft_error *error = NULL;
    uint64_t id = 1;
    FAILS(haft_session_request(old, "GET", "/get", NULL, &answer, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_submit(old, "GET", "/get", NULL, &id, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_stage(old, "GET", "/get", NULL, &answer, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_prepare(old, "GET", "/get", NULL, &prepared, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_commit(old, NULL, &answer, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_rollback(old, NULL, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_attach(old, "/", NULL, &out, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_configure(old, old_args, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_subscribe(old, "haft.state", NULL, take, &drops, count_atomically, &id, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_poll(old, -1, &event, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_inspect(old, "stats", NULL, &answer, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_close(old, NULL, &error), HAFT_E_STATE, "fork");
    CHECK(haft_session_fd(old) == -1 && id == 0 && out == NULL && answer == NULL && event == NULL && prepared == NULL);
    haft_session_cancel(old, 0);
    haft_session_unsubscribe(old, 1);
  }
  /* What was read stays readable. */
  CHECK(haft_response_status(old_response) == 200);
  CHECK(haft_event_kind(old_event) == HAFT_EVENT_RESPONSE);
  char byte;
  size_t got = 1;
  haft_error *error = NULL;
  FAILS(haft_response_read(old_stream, &byte, 1, &got, &error), HAFT_E_STATE, "fork");
  CHECK(got == 0);
  haft_response_free(old_stream);
  haft_response_free(old_response);
  haft_event_free(old_event);
  haft_error_free(old_error);
  haft_args_free(old_args);
  haft_session_free(child_session);
  haft_session_free(session);
}

/* A whole life in the child, on a reactor and a worker of its own. */
static void a_life_of_its_own(void) {
  haft_session *own = open_session();
  int before = atomic_load(&pushed);
  CHECK(haft_session_subscribe(own, "haft.state", NULL, take, NULL, NULL, NULL, NULL) == HAFT_OK);
  await(&pushed, before + 1);
  uint64_t first = submit(own, "GET", "/get", NULL);
  expect_answer(own, first, 200);
  uint64_t stalled = submit(own, "GET", "/fault/stall", NULL);
  CHECK(status_of(own, "/status/204") == 204);
  haft_session_cancel(own, stalled);
  expect_answer(own, stalled, HAFT_E_CANCELLED);
  leave(own);
}

static void ended_well(pid_t child) {
  int status = -1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  if (status != 0) fprintf(stderr, "the child ended with %x\n", status);
  CHECK(status == 0);
}

static void *poll_on(void *data) {
  haft_event *event = next_event(data);
  CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  return NULL;
}
static void *request_on(void *data) {
  CHECK(status_of(data, "/fault/stall") == HAFT_E_CANCELLED);
  return NULL;
}

static void everything_alive(void) {
  int before = descriptors();
  atomic_int go = 0;
  pthread_t poller, requester;
  haft_args *args = haft_args_new();
  session = open_session();
  CHECK(haft_session_attach(session, "/", NULL, &child_session, NULL) == HAFT_OK);
  CHECK(haft_session_subscribe(session, "haft.state", NULL, take, &drops, count_atomically, NULL, NULL) == HAFT_OK);
  await(&pushed, 1);
  submit(session, "GET", "/get", NULL);
  old_event = next_event(session);
  CHECK(haft_session_request(session, "GET", "/get", NULL, &old_response, NULL) == HAFT_OK);
  haft_args_set_bool(args, "stream", true);
  CHECK(haft_session_request(session, "GET", "/size/100000", args, &old_stream, NULL) == HAFT_OK);
  CHECK(haft_session_request(session, "GET", "http://", NULL, NULL, &old_error) == HAFT_E_ARGUMENT);
  old_args = haft_args_new();
  haft_args_set(old_args, "headers.A", "b");
  uint64_t ids[STALLED];
  for (int k = 0; k < STALLED; k++) ids[k] = submit(session, "GET", "/fault/stall", NULL);
  haft_args_free(args);
  args = haft_args_new();
  haft_args_set_reader(args, "data", -1, wait_inside, &go, NULL);
  uint64_t on_worker = submit(session, "POST", "/post", args);
  haft_args_free(args);
  start_thread(&poller, poll_on, child_session);
  start_thread(&requester, request_on, child_session);
  await_in_flight(session, STALLED + 2);

  pid_t child = fork();
  if (child == 0) {
    /* drop of what belongs to the parent does not run here: its user_data is the parent's business. */
    int dropped = atomic_load(&drops);
    the_parents_is_refused();
    CHECK(atomic_load(&drops) == dropped + 2); /* of the two refused subscriptions */
    a_life_of_its_own();
    /* And a child of the child. */
    pid_t grandchild = fork();
    if (grandchild == 0) {
      a_life_of_its_own();
      _exit(0);
    }
    ended_well(grandchild);
    a_life_of_its_own();
    exit(0); /* with whatever runs at the end of a process */
  }
  ended_well(child);

  /* Nothing of the parent has moved. */
  expect_nothing(session);
  atomic_store(&go, 1);
  expect_answer(session, on_worker, 200);
  for (int k = 0; k < STALLED; k++) {
    haft_session_cancel(session, ids[k]);
    expect_answer(session, ids[k], HAFT_E_CANCELLED);
  }
  uint64_t id = submit(session, "GET", "/get", NULL);
  expect_answer(session, id, 200);
  haft_response_free(old_stream);
  haft_response_free(old_response);
  haft_event_free(old_event);
  haft_error_free(old_error);
  haft_args_free(old_args);
  CHECK(haft_session_close(child_session, NULL, NULL) == HAFT_OK);
  CHECK(pthread_join(poller, NULL) == 0 && pthread_join(requester, NULL) == 0);
  haft_session_free(child_session);
  leave(session);
  CHECK(threads() == 1 && drops == 1 && descriptors() == before);
}

/* Whatever the other threads are doing when the fork comes, the child does not hang. */
static void *hammer(void *data) {
  int turn = 0;
  while (atomic_load(&hammering)) {
    haft_event *event = NULL;
    uint64_t id = 0;
    switch (turn++ % 5) {
    case 0: submit(data, "GET", "/status/204", NULL); break;
    case 1: CHECK(haft_session_poll(data, 0, &event, NULL) == HAFT_OK); break;
    case 2: CHECK(haft_session_subscribe(data, "haft.state", NULL, take, NULL, NULL, &id, NULL) == HAFT_OK); break;
    case 3: CHECK(status_of(data, "/status/204") == 204); break;
    default: leave(open_session());
    }
    haft_session_unsubscribe(data, id);
    haft_event_free(event);
  }
  return NULL;
}
static void in_the_middle_of_anything(void) {
  pthread_t others[3];
  haft_session *hammered = open_session();
  atomic_store(&hammering, 1);
  for (int k = 0; k < 3; k++) start_thread(&others[k], hammer, hammered);
  for (int k = 0; k < 60; k++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(30);
      haft_error *error = NULL;
      FAILS(haft_session_request(hammered, "GET", "/", NULL, NULL, &error), HAFT_E_STATE, "fork");
      haft_session_free(hammered);
      a_life_of_its_own();
      _exit(0);
    }
    ended_well(child);
  }
  atomic_store(&hammering, 0);
  for (int k = 0; k < 3; k++) CHECK(pthread_join(others[k], NULL) == 0);
  leave(hammered);
  CHECK(threads() == 1);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  everything_alive();
  in_the_middle_of_anything();
  return 0;
}
