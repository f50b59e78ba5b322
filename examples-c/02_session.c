/* 02_session: defaults that every call inherits, and cookies that outlive the program. Usage: 02_session [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

/* The text at `pointer` in the answer to a GET, printed with a label; ends the program when it is not `wanted`. */
static void get(haft_session *session, const char *target, const haft_args *args, const char *pointer,
                const char *wanted) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  check(haft_session_request(session, "GET", target, args, &response, &error), &error);
  const char *text = haft_value_string(haft_value_at(haft_response_value(response), pointer), NULL);
  printf("%-28s %s = %s\n", target, pointer, text);
  if (strcmp(text, wanted) != 0) exit(EXIT_FAILURE);
  haft_response_free(response);
}

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP");
  const char *jar = "02_session.cookies";
  haft_session *session = NULL;
  haft_error *error = NULL;
  remove(jar);

  haft_args *options = haft_args_new();
  haft_args_set(options, "headers.User-Agent", "haft-example/1");
  haft_args_set(options, "params.api", "2");
  haft_args_set(options, "timeout", "5s");
  haft_args_set(options, "cookie_file", jar);
  check(haft_session_create(url, options, &session, &error), &error);
  get(session, "/get", NULL, "/args/api", "2");
  get(session, "/user-agent", NULL, "/user-agent", "haft-example/1");

  /* A call's own arguments are laid over the defaults; null takes one away. */
  haft_args *call = haft_args_new();
  haft_args_set(call, "headers.User-Agent", "another");
  haft_args_set_null(call, "params.api");
  haft_args_set(call, "params.page", "7");
  get(session, "/user-agent", call, "/user-agent", "another");
  get(session, "/get", call, "/args", "");
  get(session, "/get", call, "/args/page", "7");

  /* The server sets a cookie in a redirect; the session keeps it, and closing writes it to the file. */
  get(session, "/cookies/set/flavour/oatmeal", NULL, "/cookies/flavour", "oatmeal");
  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);

  check(haft_session_create(url, options, &session, &error), &error);
  get(session, "/cookies", NULL, "/cookies/flavour", "oatmeal");

  /* What the session knows about itself. */
  haft_response *cookies = NULL;
  check(haft_session_inspect(session, "cookies", NULL, &cookies, &error), &error);
  char *json = haft_value_json(haft_response_value(cookies));
  printf("cookies %s\n", json);
  haft_string_free(json);
  haft_response_free(cookies);

  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);
  haft_args_free(call);
  haft_args_free(options);
  remove(jar);
  return EXIT_SUCCESS;
}
