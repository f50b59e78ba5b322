/* Ends with calls in flight: close answers each exactly once and before CLOSED, on the reactor, on the worker and of
 * children; free by whatever thread, while others poll, ask and submit. argv[1] is the URL of the sandbox. */
#include "events.h"

enum { CALLS = 1000, WORKER_CALLS = 50 };

static int64_t endless(void *data, void *buffer, size_t size) {
  (void)data;
  memset(buffer, 'x', size);
  return (int64_t)size;
}

/* Takes events until CLOSED; counts the answers of each id below `most`. */
static int drain(haft_session *session, unsigned char *seen, int most) {
  int answers = 0;
  for (;;) {
    haft_event *event = next_event(session);
    haft_kind kind = haft_event_kind(event);
    if (kind == HAFT_EVENT_RESPONSE) {
      uint64_t id = haft_event_id(event);
      CHECK(id >= 1 && id < (uint64_t)most && !seen[id]);
      seen[id] = 1;
      answers++;
      CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED);
    }
    haft_event_free(event);
    if (kind == HAFT_EVENT_CLOSED) break;
    CHECK(kind == HAFT_EVENT_RESPONSE);
  }
  haft_event *event = NULL;
  haft_error *error = NULL;
  FAILS(haft_session_poll(session, 0, &event, &error), HAFT_E_STATE, "closed");
  CHECK(event == NULL);
  return answers;
}

static void close_answers_all(void) {
  int before = descriptors();
  static unsigned char seen[2 * CALLS + WORKER_CALLS + 1];
  haft_session *session = open_session(), *child = NULL;
  CHECK(haft_session_attach(session, "/", NULL, &child, NULL) == HAFT_OK);
  haft_args *args = haft_args_new();
  atomic_int drops = 0;
  int next = 1;
  for (int k = 0; k < CALLS; k++) {
    haft_args_set_int(args, "id", next++);
    CHECK(haft_session_submit(session, "GET", "/delay/30", args, NULL, NULL) == HAFT_OK);
    haft_args_set_int(args, "id", next++);
    CHECK(haft_session_submit(child, "GET", "/fault/stall", args, NULL, NULL) == HAFT_OK);
  }
  haft_args_free(args);
  /* Their readers run on the worker, in turn. */
  for (int k = 0; k < WORKER_CALLS; k++) {
    args = haft_args_new();
    haft_args_set_int(args, "id", next++);
    haft_args_set_reader(args, "data", -1, endless, &drops, count_atomically);
    CHECK(haft_session_submit(session, "POST", "/fault/stall", args, NULL, NULL) == HAFT_OK);
    haft_args_free(args);
  }
  double began = seconds();
  args = haft_args_new();
  haft_args_set(args, "timeout", "20s");
  haft_error *error = NULL;
  CHECK(haft_session_close(session, args, &error) == HAFT_OK && error == NULL);
  haft_args_free(args);
  CHECK(seconds() - began < 20);
  CHECK(threads() == 1);
  int answers = drain(session, seen, next);
  CHECK(answers == CALLS + WORKER_CALLS);
  CHECK(answers + drain(child, seen, next) == next - 1);
  CHECK(drops == WORKER_CALLS); /* before their answers were read, by whoever read them */
  haft_session_free(session);
  haft_session_free(child);
  await_baseline(before);
}

/* A reader that does not come back: close is bounded by its time-out, says so, and the rest ends when the reader does. */
static atomic_int inside, released;
static int64_t stuck(void *data, void *buffer, size_t size) {
  (void)data, (void)buffer, (void)size;
  atomic_store(&inside, 1);
  while (!atomic_load(&released)) sched_yield();
  return 0;
}
static void close_is_bounded(void) {
  haft_session *session = open_session();
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  haft_args_set_reader(args, "data", -1, stuck, NULL, NULL);
  uint64_t id = submit(session, "POST", "/post", args);
  haft_args_free(args);
  await(&inside, 1);
  args = haft_args_new();
  haft_args_set(args, "timeout", "100ms");
  double began = seconds();
  FAILS(haft_session_close(session, args, &error), HAFT_E_TIMEOUT, "did not end before the time-out of close");
  CHECK(seconds() - began < 5);
  haft_args_free(args);
  check_state(session, "closed");
  expect_answer(session, id, HAFT_E_CANCELLED);
  expect_kind(session, HAFT_EVENT_CLOSED);
  atomic_store(&released, 1);
  for (double end = seconds() + 20; threads() > 1; sched_yield()) CHECK(seconds() < end);
  haft_session_free(session);
}

/* Pollers, askers and submitters hold owners of their own; a thread of another mind frees the rest at any moment. */
struct holder {
  haft_session *session;
  int kind;
};
static void *hold(void *data) {
  struct holder *holder = data;
  for (int k = 0; k < 200; k++) {
    haft_event *event = NULL;
    haft_response *answer = NULL;
    haft_error *error = NULL;
    haft_status status;
    if (holder->kind == 0)
      status = haft_session_poll(holder->session, 1, &event, &error);
    else if (holder->kind == 1)
      status = haft_session_request(holder->session, "GET", "/status/204", NULL, &answer, &error);
    else
      status = haft_session_submit(holder->session, "GET", "/status/204", NULL, NULL, &error);
    CHECK(status == HAFT_OK && error == NULL);
    haft_event_free(event);
    haft_response_free(answer);
  }
  haft_session_free(holder->session);
  return NULL;
}
static void *let_go(void *session) {
  haft_session_free(session);
  return NULL;
}
static void owners_go_one_by_one(void) {
  int before = descriptors();
  for (int round = 0; round < 5; round++) {
    haft_session *session = open_session();
    pthread_t pthreads[6], finalizer;
    struct holder holders[6];
    for (int k = 0; k < 6; k++) {
      holders[k] = (struct holder){haft_session_retain(session), k % 3};
      start_thread(&pthreads[k], hold, &holders[k]);
    }
    start_thread(&finalizer, let_go, session);
    CHECK(pthread_join(finalizer, NULL) == 0);
    for (int k = 0; k < 6; k++) CHECK(pthread_join(pthreads[k], NULL) == 0);
  }
  await_baseline(before);
}

/* The last owner goes on a finalizer's thread while another thread sits in a poll, another in a request, and much is in
 * flight: everybody comes back, each as it should. */
static void *poll_on(void *session) {
  haft_event *event = NULL;
  CHECK(haft_session_poll(session, -1, &event, NULL) == HAFT_OK);
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) /* the free cancelled it */
    CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED);
  else
    CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  return NULL;
}
static void *request_on(void *session) {
  haft_error *error = NULL;
  haft_response *answer = NULL;
  FAILS(haft_session_request(session, "GET", "/fault/stall", NULL, &answer, &error), HAFT_E_CANCELLED, "cancelled");
  CHECK(answer == NULL);
  return NULL;
}
/* Whether every thread but this one sleeps: those that were started have come to their wait. */
static int all_sleep(void) {
  char path[300], line[512];
  DIR *tasks = opendir("/proc/self/task");
  int asleep = 1;
  CHECK(tasks != NULL);
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
    if (task->d_name[0] == '.' || atoi(task->d_name) == getpid()) continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", task->d_name);
    FILE *file = fopen(path, "r");
    if (file == NULL) continue;
    if (fgets(line, sizeof line, file) != NULL && strrchr(line, ')') != NULL) asleep &= strrchr(line, ')')[2] == 'S';
    fclose(file);
  }
  closedir(tasks);
  return asleep;
}
static void the_last_owner_goes_in_a_finalizer(void) {
  int before = descriptors();
  for (int round = 0; round < 20; round++) {
    haft_session *session = open_session();
    pthread_t poller, requester, finalizer;
    for (int k = 0; k < 20; k++) submit(session, "GET", "/fault/stall", NULL);
    start_thread(&poller, poll_on, session);
    start_thread(&requester, request_on, session);
    await_in_flight(session, 21);
    /* A free must not race with the start of a call; what has begun may be under way. */
    for (double end = seconds() + 20; !all_sleep(); sched_yield()) CHECK(seconds() < end);
    start_thread(&finalizer, let_go, session);
    CHECK(pthread_join(finalizer, NULL) == 0);
    CHECK(pthread_join(poller, NULL) == 0 && pthread_join(requester, NULL) == 0);
  }
  await_baseline(before);
}

/* Closed by several at once, and by one while the other frees. */
static void *close_it(void *session) {
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
  return NULL;
}
static void many_close_at_once(void) {
  int before = descriptors();
  for (int round = 0; round < 20; round++) {
    haft_session *session = open_session();
    pthread_t closers[4];
    for (int k = 0; k < 50; k++) submit(session, "GET", "/fault/stall", NULL);
    for (int k = 0; k < 4; k++) start_thread(&closers[k], close_it, haft_session_retain(session));
    haft_session_free(session);
    for (int k = 0; k < 4; k++) CHECK(pthread_join(closers[k], NULL) == 0);
    CHECK(threads() == 1);
  }
  CHECK(descriptors() == before);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  many_descriptors();
  close_answers_all();
  close_is_bounded();
  owners_go_one_by_one();
  the_last_owner_goes_in_a_finalizer();
  many_close_at_once();
  return 0;
}
