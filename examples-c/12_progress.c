/* 12_progress: a download that does not wait, and tells how far it is. Usage: 12_progress [URL] */
#include <haft.h>
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
  int64_t seen = 0, saved = -1;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  haft_args *args = haft_args_new();
  haft_args_set(args, "tag", "film");
  haft_args_set(args, "save_to", "12_progress.bin");
  haft_args_set_bool(args, "progress", true);
  haft_args_set_int(args, "limit_rate", 5000000); /* so that there is something to see */
  check(haft_session_submit(session, "GET", "/size/2000000", args, NULL, &error), &error);
  haft_args_free(args);

  while (saved < 0) {
    check(haft_session_poll(session, 10000, &event, &error), &error);
    if (event == NULL) return EXIT_FAILURE; /* ten seconds of nothing */
    if (haft_event_kind(event) == HAFT_EVENT_PROGRESS) {
      /* One that nobody read yet is replaced by the next: a slow reader misses steps, never the end. */
      int64_t received = haft_value_int(haft_value_at(haft_event_value(event), "received"), 0);
      if (received < seen) return EXIT_FAILURE;
      if (received / 250000 > seen / 250000) printf("%s: %ld bytes\n", haft_event_topic(event), (long)received);
      seen = received;
    } else if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      if (haft_event_error(event)) fprintf(stderr, "%s\n", haft_error_message(haft_event_error(event)));
      /* What goes on being used is taken out of its event. */
      haft_response *response = haft_event_take_response(event);
      saved = haft_value_int(haft_value_at(haft_response_meta(response), "saved"), 0);
      printf("%s: %ld bytes saved\n", haft_event_topic(event), (long)saved);
      haft_response_free(response);
    }
    haft_event_free(event);
  }
  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);
  remove("12_progress.bin");
  return saved == 2000000 && seen > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
