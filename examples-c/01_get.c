/* 01_get: one GET, and all that comes back with it. Usage: 01_get [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP");
  haft_session *session = NULL;
  haft_response *response = NULL;
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  int result = EXIT_FAILURE;

  /* /get?greeting=hello, with at most five seconds of silence. */
  haft_args_set(args, "params.greeting", "hello");
  haft_args_set_int(args, "timeout", 5);

  if (haft_session_create(url, NULL, &session, &error) != HAFT_OK ||
      haft_session_request(session, "GET", "/get", args, &response, &error) != HAFT_OK) {
    fprintf(stderr, "%s: %s\n", haft_status_name(haft_error_status(error)), haft_error_message(error));
    goto done;
  }

  /* The answer was JSON, so it is there as a value too. Look-ups chain, and what is not there is "" or the default. */
  const haft_value *value = haft_response_value(response);
  const haft_value *meta = haft_response_meta(response);
  size_t size = 0;
  haft_response_body(response, &size);
  printf("status    %d %s\n", haft_response_status(response), haft_value_string(haft_value_at(meta, "reason"), NULL));
  printf("type      %s\n", haft_response_header(response, "content-type"));
  printf("body      %zu bytes\n", size);
  printf("greeting  %s\n", haft_value_string(haft_value_at(value, "/args/greeting"), NULL));
  printf("url       %s\n", haft_value_string(haft_value_at(meta, "url"), NULL));
  printf("took      %.3f ms\n", 1000 * haft_value_double(haft_value_at(meta, "elapsed"), -1));
  if (haft_response_status(response) == 200 && size > 0) result = EXIT_SUCCESS;

done:
  haft_error_free(error);
  haft_response_free(response);
  haft_args_free(args);
  haft_session_free(session);
  return result;
}
