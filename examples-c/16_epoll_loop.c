/* 16_epoll_loop: a session and a timer in a loop of epoll(7), level-triggered. Usage: 16_epoll_loop [URL] */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static haft_session *session;
static uint64_t slow;
static int answers, cancelled, ticks, closed;

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static uint64_t submit(const char *target) {
  haft_error *error = NULL;
  uint64_t id = 0;
  haft_args *args = haft_args_new();
  haft_args_set(args, "tag", target);
  check(haft_session_submit(session, "GET", target, args, &id, &error), &error);
  haft_args_free(args);
  return id;
}

static void on_timer(int timer) {
  uint64_t times;
  if (read(timer, &times, sizeof times) != sizeof times) return;
  ticks += (int)times;
  printf("tick\n");
  /* Cancelling never waits: it is fine in a loop. */
  if (ticks >= 3) haft_session_cancel(session, slow);
}

/* One event for each round: as long as more wait, the descriptor stays readable, and others in the loop have their
 * turn in between. */
static void on_session(void) {
  haft_event *event = NULL;
  haft_error *error = NULL;
  check(haft_session_poll(session, 0, &event, &error), &error);
  if (event == NULL) return; /* another thread took it */
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
    const haft_error *failure = haft_event_error(event);
    printf("%s: %s\n", haft_event_topic(event), failure ? haft_error_message(failure) : "answered");
    answers += failure == NULL;
    cancelled += haft_event_id(event) == slow && haft_error_status(failure) == HAFT_E_CANCELLED;
    if (answers == 3 && cancelled == 1) check(haft_session_close(session, NULL, &error), &error);
  }
  closed = haft_event_kind(event) == HAFT_EVENT_CLOSED;
  haft_event_free(event);
}

static void watch(int loop, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event) != 0) exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
  haft_error *error = NULL;
  struct itimerspec every = {{0, 50000000}, {0, 50000000}}; /* 50 ms */
  int loop = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (loop < 0 || timer < 0 || timerfd_settime(timer, 0, &every, NULL) != 0) return EXIT_FAILURE;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  watch(loop, timer);
  watch(loop, haft_session_fd(session));
  slow = submit("/delay/30");
  submit("/get");
  submit("/delay/0.1");
  submit("/status/204");

  while (!closed) {
    struct epoll_event ready[8];
    int count = epoll_wait(loop, ready, 8, 10000);
    if (count < 1) return EXIT_FAILURE; /* ten seconds of nothing, and not even a tick */
    for (int i = 0; i < count && !closed; i++) {
      if (ready[i].data.fd == timer)
        on_timer(timer);
      else
        on_session();
    }
  }
  /* The session's descriptor is never closed by the program; closing `loop` takes it out. */
  close(loop);
  close(timer);
  haft_session_free(session);
  printf("%d answers, %d cancelled\n", answers, cancelled);
  return answers == 3 && cancelled == 1 && ticks >= 3 ? EXIT_SUCCESS : EXIT_FAILURE;
}
