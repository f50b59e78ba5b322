/* 07_adapter: your own code as the server, and a server's answers kept in a file. Usage: 07_adapter [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

/* Carries the requests of the prefix that it is mounted at: a mock for tests, or a transport of your own. */
static haft_status mock(void *user_data, const haft_value *call, haft_args *reply) {
  const haft_value *request = haft_value_at(call, "/arguments/request");
  char body[200];
  (void)user_data;
  snprintf(body, sizeof body, "{\"you\": \"%s %s\"}", haft_value_string(haft_value_at(request, "method"), NULL),
           haft_value_string(haft_value_at(request, "url"), NULL));
  haft_args_set_int(reply, "status", 200);
  haft_args_set(reply, "reason", "As You Like It");
  haft_args_set(reply, "headers.Content-Type", "application/json");
  haft_args_set(reply, "body", body);
  return HAFT_OK;
}

/* A GET through a session with this adapter; the text at `pointer` goes to `text`. */
static haft_status get(haft_args *options, const char *url, const char *pointer, char *text, size_t size) {
  haft_session *session = NULL;
  haft_response *response = NULL;
  haft_error *error = NULL;
  check(haft_session_create("http:", options, &session, &error), &error);
  haft_status status = haft_session_request(session, "GET", url, NULL, &response, &error);
  if (status != HAFT_OK) printf("  %s\n", haft_error_message(error));
  snprintf(text, size, "%s", haft_value_string(haft_value_at(haft_response_value(response), pointer), NULL));
  haft_error_free(error);
  haft_response_free(response);
  haft_session_free(session);
  return status;
}

int main(int argc, char **argv) {
  const char *base = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), *file = "07_adapter.cassette";
  char url[300], first[100], again[100];
  remove(file);

  haft_args *mocked = haft_args_new();
  haft_args_set_provider(mocked, "adapter.http://mock.test/", mock, NULL, NULL);
  if (get(mocked, "http://mock.test/anything", "you", first, sizeof first) != HAFT_OK) return EXIT_FAILURE;
  printf("the mock saw: %s\n", first);
  haft_args_free(mocked);
  if (strcmp(first, "GET http://mock.test/anything") != 0) return EXIT_FAILURE;

  /* The file does not exist yet: the first session records it, the second one plays it and needs no server. */
  haft_args *taped = haft_args_new();
  haft_args_set(taped, "adapter.http://", "cassette:07_adapter.cassette");
  snprintf(url, sizeof url, "%s/get?n=1", base);
  if (get(taped, url, "/args/n", first, sizeof first) != HAFT_OK) return EXIT_FAILURE;
  if (get(taped, url, "/args/n", again, sizeof again) != HAFT_OK) return EXIT_FAILURE;
  printf("recorded: n = %s\nplayed:   n = %s\n", first, again);

  /* What was not recorded is an error, not a request. */
  printf("another URL:\n");
  snprintf(url, sizeof url, "%s/get?n=2", base);
  haft_status status = get(taped, url, "/args/n", again, sizeof again);
  haft_args_free(taped);
  remove(file);
  return status == HAFT_E_NOT_FOUND && strcmp(first, "1") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
