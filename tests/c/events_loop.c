/* What a host's loop may count on: the descriptor is a level. It is readable exactly while an event waits, for poll,
 * select and epoll alike, from whichever thread; one descriptor for each handle, the same for its whole life; never twice
 * the same event; and at the end readable until CLOSED was read. argv[1] is the URL of the sandbox. */
#include "events.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int by_poll(int descriptor, int timeout) {
  struct pollfd watched = {descriptor, POLLIN, 0};
  int count = poll(&watched, 1, timeout);
  CHECK(count >= 0 && (count == 0 || watched.revents == POLLIN));
  return count;
}

static int by_select(int descriptor) {
  fd_set set;
  struct timeval now = {0, 0};
  FD_ZERO(&set);
  FD_SET(descriptor, &set);
  int count = select(descriptor + 1, &set, NULL, NULL, &now);
  CHECK(count >= 0);
  return count;
}

static int by_epoll(int loop) {
  struct epoll_event ready;
  int count = epoll_wait(loop, &ready, 1, 0);
  CHECK(count >= 0);
  return count;
}

static int watch(int descriptor, uint32_t events) {
  struct epoll_event event = {.events = events};
  int loop = epoll_create1(EPOLL_CLOEXEC);
  CHECK(loop >= 0 && epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event) == 0);
  return loop;
}

/* All say the same. */
static void expect_level(int descriptor, int loop, int readable) {
  CHECK(by_poll(descriptor, 0) == readable);
  CHECK(by_select(descriptor) == readable);
  CHECK(by_epoll(loop) == readable);
}

static void level(void) {
  haft_session *session = open_session();
  int descriptor = haft_session_fd(session), loop = watch(descriptor, EPOLLIN);
  CHECK(descriptor >= 0 && (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  expect_level(descriptor, loop, 0);
  uint64_t ids[3];
  for (int k = 0; k < 3; k++) {
    ids[k] = submit(session, "GET", "/status/204", NULL);
    /* From nothing to something, whether somebody waits in poll or not. */
    if (k == 0) CHECK(by_poll(descriptor, 20000) == 1);
  }
  for (int k = 0; k < 3; k++) {
    haft_event *event = next_event(session);
    CHECK(haft_event_id(event) == ids[0] || haft_event_id(event) == ids[1] || haft_event_id(event) == ids[2]);
    haft_event_free(event);
    if (k < 2) CHECK(by_poll(descriptor, 20000) == 1);
  }
  expect_level(descriptor, loop, 0);
  expect_nothing(session);
  CHECK(haft_session_fd(session) == descriptor);
  /* A pull subscription's first event, and its end. */
  uint64_t id = 0;
  CHECK(haft_session_subscribe(session, "haft.state", NULL, NULL, NULL, NULL, &id, NULL) == HAFT_OK);
  expect_level(descriptor, loop, 1);
  expect_kind(session, HAFT_EVENT_MESSAGE);
  expect_level(descriptor, loop, 0);
  /* Closed: "closing" and CLOSED wait, then nothing, and a poll says that it is over. */
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  expect_level(descriptor, loop, 1);
  haft_event *event;
  while (haft_event_kind(event = next_event(session)) == HAFT_EVENT_MESSAGE) {
    haft_event_free(event);
    expect_level(descriptor, loop, 1);
  }
  CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  expect_level(descriptor, loop, 0);
  haft_error *error = NULL;
  FAILS(haft_session_poll(session, 0, &event, &error), HAFT_E_STATE, "closed");
  close(loop);
  haft_session_free(session);
}

/* A descriptor that is made late, when events wait already; one for each handle. */
static void late_and_separate(void) {
  haft_session *session = open_session(), *child = NULL, *shown = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "events", "parent");
  CHECK(haft_session_attach(session, "/", NULL, &child, NULL) == HAFT_OK);
  CHECK(haft_session_attach(session, "/", args, &shown, NULL) == HAFT_OK);
  haft_args_free(args);
  submit(session, "GET", "http://", NULL);
  CHECK(by_poll(haft_session_fd(session), 0) == 1);
  CHECK(haft_session_fd(child) != haft_session_fd(session) && by_poll(haft_session_fd(child), 0) == 0);
  haft_event_free(next_event(session));
  CHECK(by_poll(haft_session_fd(session), 0) == 0);
  uint64_t id = submit(child, "GET", "http://", NULL);
  CHECK(by_poll(haft_session_fd(session), 0) == 0 && by_poll(haft_session_fd(child), 0) == 1);
  expect_answer(child, id, HAFT_E_ARGUMENT);
  /* Its events come to the parent's. */
  id = submit(shown, "GET", "http://", NULL);
  CHECK(by_poll(haft_session_fd(session), 0) == 1);
  expect_answer(session, id, HAFT_E_ARGUMENT);
  haft_session_free(child);
  haft_session_free(shown);
  leave(session);
}

/* Edge-triggered loops have to read until there is nothing, as with everything else. */
static void edges(void) {
  haft_session *session = open_session();
  int loop = watch(haft_session_fd(session), EPOLLIN | EPOLLET);
  for (int round = 0; round < 3; round++) {
    for (int k = 0; k < 5; k++) submit(session, "GET", "http://", NULL);
    CHECK(by_epoll(loop) == 1);
    for (int k = 0; k < 5; k++) haft_event_free(next_event(session));
    expect_nothing(session);
    CHECK(by_epoll(loop) == 0);
  }
  close(loop);
  leave(session);
}

/* Several loops on one handle, each in a thread of its own: every event goes to one of them, and all hear the end. */
enum { LOOPS = 4, CALLS = 2000 };
static haft_session *common;
static atomic_int taken, ends;
static unsigned char seen[CALLS + 1];
static void *run_loop(void *data) {
  (void)data;
  int loop = watch(haft_session_fd(common), EPOLLIN);
  for (;;) {
    struct epoll_event ready;
    haft_event *event = NULL;
    haft_error *error = NULL;
    CHECK(epoll_wait(loop, &ready, 1, 10) >= 0);
    haft_status status = haft_session_poll(common, 0, &event, &error);
    if (status != HAFT_OK) { /* another one has read CLOSED */
      FAILS(status, HAFT_E_STATE, "closed");
      break;
    }
    haft_kind kind = haft_event_kind(event);
    if (kind == HAFT_EVENT_RESPONSE) {
      uint64_t id = haft_event_id(event);
      CHECK(id >= 1 && id <= CALLS && !seen[id]);
      seen[id] = 1;
      atomic_fetch_add(&taken, 1);
    }
    haft_event_free(event);
    if (kind == HAFT_EVENT_CLOSED) break;
  }
  atomic_fetch_add(&ends, 1);
  close(loop);
  return NULL;
}
static void many_loops(void) {
  pthread_t loops[LOOPS];
  haft_args *args = haft_args_new();
  common = open_session();
  for (int k = 0; k < LOOPS; k++) start_thread(&loops[k], run_loop, NULL);
  for (int k = 1; k <= CALLS; k++) {
    haft_args_set_int(args, "id", k);
    submit(common, "GET", k % 10 ? "http://" : "/status/204", args);
  }
  haft_args_free(args);
  await(&taken, CALLS);
  CHECK(haft_session_close(common, NULL, NULL) == HAFT_OK);
  for (int k = 0; k < LOOPS; k++) CHECK(pthread_join(loops[k], NULL) == 0);
  CHECK(taken == CALLS && ends == LOOPS);
  haft_session_free(common);
}

/* Sessions that come and go in one loop: the descriptor of the one before is out of it, and the new one's works. */
static void come_and_go(void) {
  int before = descriptors(), loop = epoll_create1(EPOLL_CLOEXEC);
  for (int turn = 0; turn < 200; turn++) {
    haft_session *session = open_session();
    struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = (uint32_t)turn}}, ready;
    CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, haft_session_fd(session), &event) == 0);
    submit(session, "GET", "http://", NULL);
    CHECK(epoll_wait(loop, &ready, 1, 20000) == 1 && ready.data.u32 == (uint32_t)turn);
    haft_session_free(session);
    CHECK(epoll_wait(loop, &ready, 1, 0) == 0);
  }
  close(loop);
  await_baseline(before);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  level();
  late_and_separate();
  edges();
  many_loops();
  come_and_go();
  CHECK(threads() == 1);
  return 0;
}
