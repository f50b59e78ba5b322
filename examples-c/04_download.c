/* 04_download: a body in pieces, and one that goes to a file and survives a cut. Usage: 04_download [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
  const char *file = "04_download.bin";
  haft_session *session = NULL;
  haft_response *response = NULL;
  haft_error *error = NULL;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  /* 1. With `stream` the call returns at the head, and the body is read as it comes. */
  haft_args *args = haft_args_new();
  haft_args_set_bool(args, "stream", true);
  check(haft_session_request(session, "GET", "/size/1000000", args, &response, &error), &error);
  long total = strtol(haft_response_header(response, "content-length"), NULL, 10), sum = 0, shown = 0;
  char buffer[16384];
  size_t got = 0;
  do {
    check(haft_response_read(response, buffer, sizeof buffer, &got, &error), &error);
    sum += (long)got;
    if (sum * 4 / total > shown) printf("  %3ld%%\n", 25 * (shown = sum * 4 / total));
  } while (got > 0);
  printf("streamed %ld of %ld bytes\n", sum, total);
  haft_response_free(response);
  haft_args_free(args);
  if (sum != total) return EXIT_FAILURE;

  /* 2. With `save_to` the body goes to FILE.part, which takes the name FILE when it is whole. This one is slow on
   * purpose, and is given up after a moment. */
  args = haft_args_new();
  haft_args_set(args, "save_to", file);
  haft_args_set_bool(args, "resume", true);
  haft_args_set_bool(args, "raise_for_status", true);
  haft_args_set_int(args, "limit_rate", 1000000);
  haft_args_set(args, "timeouts.total", "500ms");
  if (haft_session_request(session, "GET", "/range/1000000", args, NULL, &error) == HAFT_OK) return EXIT_FAILURE;
  printf("cut off: %s\n", haft_error_message(error));
  haft_error_free(error);

  /* The second try asks for the rest alone (Range), and only if the content is still the same (If-Range). */
  haft_args_set_null(args, "limit_rate");
  haft_args_set_null(args, "timeouts");
  check(haft_session_request(session, "GET", "/range/1000000", args, &response, &error), &error);
  const haft_value *meta = haft_response_meta(response);
  long saved = (long)haft_value_int(haft_value_at(meta, "saved"), -1);
  long resumed_at = (long)haft_value_int(haft_value_at(meta, "resumed_at"), -1);
  printf("status %d: %ld bytes in %s, of which %ld came with the first try\n", haft_response_status(response), saved,
         file, resumed_at);
  haft_response_free(response);
  haft_args_free(args);
  haft_session_free(session);
  remove(file);
  return saved == 1000000 && resumed_at > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
