/* 17_libuv_loop: a session in the loop of libuv (of Node and many others). Usage: 17_libuv_loop [URL] */
#define _GNU_SOURCE
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static haft_session *session;
static uv_timer_t timer;
static uint64_t slow;
static int answers, cancelled;

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

/* libuv is level-triggered, so what one call leaves in the queue comes with the next round. */
static void on_readable(uv_poll_t *watch, int status, int events) {
  haft_event *event = NULL;
  haft_error *error = NULL;
  (void)events;
  if (status < 0) exit(EXIT_FAILURE);
  check(haft_session_poll(session, 0, &event, &error), &error);
  if (event == NULL) return;
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
    const haft_error *failure = haft_event_error(event);
    printf("%s: %s\n", haft_event_topic(event), failure ? haft_error_message(failure) : "answered");
    answers += failure == NULL;
    cancelled += haft_event_id(event) == slow && haft_error_status(failure) == HAFT_E_CANCELLED;
    if (answers == 2 && cancelled == 1) check(haft_session_close(session, NULL, &error), &error);
  } else if (haft_event_kind(event) == HAFT_EVENT_CLOSED) {
    printf("closed\n");
    /* With its last handle closed the loop ends. The session is freed after that, when nobody watches it. */
    uv_close((uv_handle_t *)watch, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
  }
  haft_event_free(event);
}

static void on_timer(uv_timer_t *handle) {
  (void)handle;
  printf("the timer went off\n");
  haft_session_cancel(session, slow);
}

int main(int argc, char **argv) {
  haft_error *error = NULL;
  uv_loop_t loop;
  uv_poll_t watch;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);
  slow = submit("/delay/30");
  submit("/get");
  submit("/delay/0.1");

  if (uv_loop_init(&loop) != 0) return EXIT_FAILURE;
  if (uv_poll_init(&loop, &watch, haft_session_fd(session)) != 0) return EXIT_FAILURE;
  if (uv_poll_start(&watch, UV_READABLE, on_readable) != 0) return EXIT_FAILURE;
  if (uv_timer_init(&loop, &timer) != 0 || uv_timer_start(&timer, on_timer, 50, 0) != 0) return EXIT_FAILURE;
  uv_run(&loop, UV_RUN_DEFAULT);
  if (uv_loop_close(&loop) != 0) return EXIT_FAILURE;
  haft_session_free(session);
  return answers == 2 && cancelled == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
