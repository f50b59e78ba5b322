/* 05_redirects_errors: where a redirect led, and how a failure explains itself. Usage: 05_redirects_errors [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

/* A GET that has to fail with `code`. The JSON text holds its arguments. */
static void fail(haft_session *session, const char *target, const char *json, const char *code) {
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, json);
  haft_status status = haft_session_request(session, "GET", target, args, NULL, &error);
  char *detail = haft_value_json(haft_error_detail(error));
  const haft_response *answer = haft_error_response(error);
  printf("\nGET %s\n  status     %s\n  message    %s\n  detail     %s\n  retryable  %s\n", target,
         haft_status_name(status), haft_error_message(error), detail, haft_error_is_retryable(error) ? "yes" : "no");
  if (answer) printf("  the answer was a %d\n", haft_response_status(answer));
  /* A program branches on the status, or on the word under `code`; both never change. */
  if (strcmp(haft_value_string(haft_value_at(haft_error_detail(error), "code"), NULL), code) != 0) {
    fprintf(stderr, "expected %s\n", code);
    exit(EXIT_FAILURE);
  }
  haft_string_free(detail);
  haft_args_free(args);
  haft_error_free(error);
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_response *response = NULL;
  haft_error *error = NULL;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  check(haft_session_request(session, "GET", "/redirect/2", NULL, &response, &error), &error);
  const haft_value *meta = haft_response_meta(response);
  const haft_value *history = haft_value_at(meta, "history");
  for (size_t i = 0; i < haft_value_count(history); i++) {
    const haft_value *hop = haft_value_item(history, i, NULL);
    printf("%s  %s\n", haft_value_string(haft_value_at(hop, "status"), NULL),
           haft_value_string(haft_value_at(hop, "url"), NULL));
  }
  printf("%d  %s\n", haft_response_status(response), haft_value_string(haft_value_at(meta, "url"), NULL));
  if (haft_value_count(history) != 2) return EXIT_FAILURE;
  haft_response_free(response);

  /* A 404 is an answer, not a failure ... */
  check(haft_session_request(session, "GET", "/status/404", NULL, &response, &error), &error);
  printf("\nGET /status/404 is an answer: %d\n", haft_response_status(response));
  haft_response_free(response);

  /* ... unless it is asked for. */
  fail(session, "/status/404", "{\"raise_for_status\": true}", "http_status");
  fail(session, "/redirect/9", "{\"max_redirects\": 3}", "too_many_redirects");
  fail(session, "/delay/10", "{\"timeout\": 0.05}", "read_timeout");
  fail(session, "http://127.0.0.1:1/", "{}", "connect");
  fail(session, "/html", "{\"parse\": \"json\"}", "json_decode");
  fail(session, "/get", "{\"timout\": 5}", "argument");

  haft_session_free(session);
  return EXIT_SUCCESS;
}
