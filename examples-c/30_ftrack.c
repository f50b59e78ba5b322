/* 30_ftrack: log in, ask, change in private, commit as one. Usage: 30_ftrack [URL USER KEY] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_value *value, const char *pointer) {
  return haft_value_string(haft_value_at(value, pointer), NULL);
}

static haft_response *ask(haft_session *session, const char *verb, const char *target, const char *json) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  haft_args_set_json(args, NULL, json);
  check(haft_session_request(session, verb, target, args, &response, &error));
  haft_args_free(args);
  return response;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_FTRACK");
  const char *user = argc > 2 ? argv[2] : getenv("HAFT_DEMO_FTRACK_USER");
  const char *key = argc > 3 ? argv[3] : getenv("HAFT_DEMO_FTRACK_KEY");
  char url[512];
  snprintf(url, sizeof url, "ftrack+%s", server);

  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "api_user", user);
  haft_args_set(args, "api_key", key);
  haft_args_set_bool(args, "schema_cache_path", false);
  check(haft_session_create(url, args, &session, &error));
  haft_args_free(args);

  /* A value can only be a value: {name} is escaped. */
  haft_response *shot = ask(session, "query", "select name, parent.name from Shot where name is {name}",
                            "{\"one\": true, \"bind\": {\"name\": \"sh010\"}}");
  const haft_value *found = haft_response_value(shot);
  printf("shot %s of %s\n", text(found, "/name"), text(found, "/parent/name"));

  /* Staged: seen here at once, by nobody else before the commit. */
  args = haft_args_new();
  haft_args_set(args, "data.name", "rotoscoping");
  haft_args_set_double(args, "data.bid", 3600);
  haft_args_set_value(args, "data.parent", found);
  haft_response *task = NULL;
  check(haft_session_stage(session, "create", "Task", args, &task, &error));
  haft_args_free(args);
  char address[128];
  snprintf(address, sizeof address, "Task/%s", text(haft_response_value(task), "/id"));
  haft_response_free(task);

  args = haft_args_new();
  haft_args_set(args, "data.description", "as drawn in the storyboard");
  check(haft_session_stage(session, "update", address, args, NULL, &error));
  haft_args_free(args);

  haft_response *staged = NULL, *done = NULL;
  check(haft_session_inspect(session, "operations", NULL, &staged, &error));
  printf("%zu changes staged\n", haft_value_count(haft_response_value(staged)));
  haft_response_free(staged);
  check(haft_session_commit(session, NULL, &done, &error));
  size_t sent = haft_value_count(haft_response_value(done));
  printf("committed as %zu operation\n", sent);
  haft_response_free(done);

  haft_response *there = ask(session, "get", address, "{\"refresh\": true, \"select\": \"name, description\"}");
  const char *description = text(haft_response_value(there), "/description");
  printf("%s: %s\n", text(haft_response_value(there), "/name"), description);
  int right = sent == 1 && strcmp(description, "as drawn in the storyboard") == 0;
  haft_response_free(there);

  /* What the server refuses is told in its words, and nothing of the batch was applied. */
  args = haft_args_new();
  haft_args_set(args, "data.name", "x");
  check(haft_session_stage(session, "update", "Task/nowhere", args, NULL, &error));
  haft_args_free(args);
  haft_status status = haft_session_commit(session, NULL, NULL, &error);
  printf("%s: %s\n", haft_status_name(status), text(haft_error_detail(error), "/exception"));
  haft_error_free(error);
  check(haft_session_rollback(session, NULL, &error));

  haft_response_free(ask(session, "delete", address, "{}"));
  haft_response_free(shot);
  check(haft_session_close(session, NULL, &error));
  haft_session_free(session);
  return right && status != HAFT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
