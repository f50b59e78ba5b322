/* Opens a session with plug-ins: the server's URL and the directory of plug-ins are given, and what the log must say. */
#include "check.h"

static char lines[8192];

static void remember(void *user_data, haft_level level, const char *where, const char *message) {
  size_t used = strlen(lines);
  (void)user_data, (void)level;
  snprintf(lines + used, sizeof lines - used, "%s: %s\n", where, message);
}

static haft_session *seen;
static haft_status answer = HAFT_OK;

static haft_status inside(void *user_data, const haft_value *call, haft_args *reply) {
  haft_session *session = (haft_session *)(intptr_t)haft_value_int(haft_value_at(call, "/arguments/session"), 0);
  haft_response *found = NULL;
  ++*(int *)user_data;
  CHECK_TEXT(haft_value_string(haft_value_at(call, "/provider"), NULL), "plugin");
  CHECK_TEXT(haft_value_string(haft_value_at(call, "/arguments/arguments/who"), NULL), "me");
  CHECK(haft_value_int(haft_value_at(call, "/arguments/version_number"), 0) == (int64_t)haft_version_number());
  CHECK(session != NULL);
  CHECK(haft_session_inspect(session, "types", NULL, &found, NULL) == HAFT_OK);
  haft_response_free(found);
  if (seen != NULL) haft_session_free(seen);
  seen = haft_session_retain(session);
  haft_args_set(reply, "message", "not today");
  return answer;
}

static haft_session *open_session(const char *url, const char *directory, int *calls) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "api_key", "secret-key");
  haft_args_set(args, "api_user", "jenkins");
  haft_args_set_bool(args, "schema_cache_path", false);
  haft_args_set_bool(args, "trust_env", false);
  if (directory != NULL) haft_args_set(args, "plugin_paths", directory);
  haft_args_set_json(args, "plugin_arguments", "{\"who\": \"me\"}");
  haft_args_set_provider(args, "plugin", inside, calls, NULL);
  if (haft_session_create(url, args, &session, &error) != HAFT_OK) {
    fprintf(stderr, "%s\n", haft_error_message(error));
    exit(1);
  }
  haft_args_free(args);
  return session;
}

int main(int argc, char **argv) {
  haft_session *session;
  haft_response *response = NULL;
  int calls = 0;
  CHECK(argc == 3);
  haft_log_set(remember, NULL, NULL, HAFT_LOG_WARN);

  session = open_session(argv[1], argv[2], &calls);
  CHECK(calls == 1 && seen == session);
  CHECK(strstr(lines, "bad_answer.so was left out: its registration answered -12") != NULL);
  CHECK(strstr(lines, "bad_version.so was left out: it was made for version") != NULL);
  CHECK(strstr(lines, "bad_nothing.so was left out: it has no haft_plugin_register") != NULL);
  CHECK(strstr(lines, "no_library.so was left out") != NULL);
  /* Why, in the loader's words. */
  CHECK(strstr(lines, "file too short") != NULL || strstr(lines, "invalid ELF header") != NULL);
  CHECK(strstr(lines, "good.so") == NULL);
  /* The session goes on. */
  CHECK(haft_session_request(session, "get", "User/d07ae5d0-66e1-11e1-b5e9-f23c91df25eb", NULL, &response, NULL) == HAFT_OK);
  haft_response_free(response);
  /* The host lets go; the plug-ins still have theirs. */
  haft_session_free(session);
  response = NULL;
  CHECK(haft_session_request(seen, "get", "User/d07ae5d0-66e1-11e1-b5e9-f23c91df25eb", NULL, &response, NULL) == HAFT_OK);
  haft_response_free(response);
  CHECK(haft_session_close(seen, NULL, NULL) == HAFT_OK);

  /* One of the host that fails, with the libraries of the environment. */
  lines[0] = 0;
  answer = HAFT_E_REMOTE;
  session = open_session(argv[1], NULL, &calls);
  CHECK(calls == 2);
  CHECK(strstr(lines, "a plug-in of the host failed with -12: not today") != NULL);
  CHECK(strstr(lines, "bad_answer.so was left out") != NULL);
  haft_session_free(session);
  haft_session_free(seen);
  haft_log_set(NULL, NULL, NULL, 0);
  puts("ok");
  return 0;
}
