/* 18_glib_loop: a session in the main loop of GLib (of GTK, GStreamer and many others). Usage: 18_glib_loop [URL] */
#include <glib-unix.h>
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

struct application {
  GMainLoop *loop;
  haft_session *session;
  uint64_t slow;
  int answers, cancelled;
};

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static uint64_t submit(struct application *application, const char *target) {
  haft_error *error = NULL;
  uint64_t id = 0;
  haft_args *args = haft_args_new();
  haft_args_set(args, "tag", target);
  check(haft_session_submit(application->session, "GET", target, args, &id, &error), &error);
  haft_args_free(args);
  return id;
}

/* GLib is level-triggered, so what one call leaves in the queue comes with the next round. */
static gboolean on_readable(gint descriptor, GIOCondition condition, gpointer data) {
  struct application *application = data;
  haft_event *event = NULL;
  haft_error *error = NULL;
  gboolean stay = G_SOURCE_CONTINUE;
  (void)descriptor, (void)condition;
  check(haft_session_poll(application->session, 0, &event, &error), &error);
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
    const haft_error *failure = haft_event_error(event);
    printf("%s: %s\n", haft_event_topic(event), failure ? haft_error_message(failure) : "answered");
    application->answers += failure == NULL;
    application->cancelled +=
        haft_event_id(event) == application->slow && haft_error_status(failure) == HAFT_E_CANCELLED;
    if (application->answers == 2 && application->cancelled == 1)
      check(haft_session_close(application->session, NULL, &error), &error);
  } else if (haft_event_kind(event) == HAFT_EVENT_CLOSED) {
    printf("closed\n");
    g_main_loop_quit(application->loop);
    stay = G_SOURCE_REMOVE; /* before the session is freed, and its descriptor with it */
  }
  haft_event_free(event); /* NULL is fine, and so it was above */
  return stay;
}

static gboolean on_timer(gpointer data) {
  struct application *application = data;
  printf("the timer went off\n");
  haft_session_cancel(application->session, application->slow);
  return G_SOURCE_REMOVE;
}

int main(int argc, char **argv) {
  struct application application = {NULL, NULL, 0, 0, 0};
  haft_error *error = NULL;
  const char *url = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP");
  check(haft_session_create(url, NULL, &application.session, &error), &error);
  application.slow = submit(&application, "/delay/30");
  submit(&application, "/get");
  submit(&application, "/delay/0.1");

  application.loop = g_main_loop_new(NULL, FALSE);
  g_unix_fd_add(haft_session_fd(application.session), G_IO_IN, on_readable, &application);
  g_timeout_add(50, on_timer, &application);
  g_main_loop_run(application.loop);
  g_main_loop_unref(application.loop);
  haft_session_free(application.session);
  return application.answers == 2 && application.cancelled == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
