/* 06_auth: basic, digest, bearer, and an authentication of your own. Usage: 06_auth [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static void get(haft_session *session, const char *target, const haft_args *args, int wanted) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  check(haft_session_request(session, "GET", target, args, &response, &error), &error);
  const haft_value *history = haft_value_at(haft_response_meta(response), "history");
  printf("%-34s %d%s\n", target, haft_response_status(response),
         haft_value_count(history) ? " after a challenge" : "");
  if (haft_response_status(response) != wanted) exit(EXIT_FAILURE);
  haft_response_free(response);
}

/* Is asked before each request goes out, and may change any of method, url, headers and body. */
static haft_status sign(void *user_data, const haft_value *call, haft_args *reply) {
  const haft_value *request = haft_value_at(call, "/arguments/request");
  char token[64];
  snprintf(token, sizeof token, "Bearer %s-%d", haft_value_string(haft_value_at(request, "method"), NULL),
           ++*(int *)user_data);
  haft_args_set(reply, "headers.Authorization", token);
  return HAFT_OK;
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  int signed_requests = 0;
  haft_args *basic = haft_args_new(), *digest = haft_args_new(), *bearer = haft_args_new(), *own = haft_args_new(),
            *none = haft_args_new();
  haft_args_set_json(basic, "auth", "[\"jane\", \"secret\"]");
  haft_args_set(digest, "auth.type", "digest");
  haft_args_set(digest, "auth.username", "jane");
  haft_args_set(digest, "auth.password", "secret");
  haft_args_set_json(bearer, "auth", "{\"type\": \"bearer\", \"token\": \"t0ken\"}");
  haft_args_set_provider(own, "auth", sign, &signed_requests, NULL);
  haft_args_set_null(none, "auth");

  /* Basic for the whole session; the others for one call each. */
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), basic, &session, &error), &error);
  get(session, "/basic-auth/jane/secret", NULL, 200);
  get(session, "/basic-auth/jane/secret", none, 401);
  get(session, "/digest-auth/auth/jane/secret/SHA-256", digest, 200);
  get(session, "/digest-auth/auth/jane/secret/SHA-256", digest, 200);
  get(session, "/bearer/t0ken", bearer, 200);
  get(session, "/bearer/GET-1", own, 200);
  get(session, "/bearer/GET-2", own, 200);

  haft_args_free(basic);
  haft_args_free(digest);
  haft_args_free(bearer);
  haft_args_free(own);
  haft_args_free(none);
  haft_session_free(session);
  return signed_requests == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
