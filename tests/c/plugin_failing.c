/* Sessions whose plug-ins all fail: the server's URL and the directory of plug-ins are given. */
#include "check.h"

#include <dirent.h>

static int warnings, told;

static void count(void *user_data, haft_level level, const char *where, const char *message) {
  (void)user_data, (void)where;
  if (strstr(message, "secret-key") != NULL) told++;
  if (level == HAFT_LOG_WARN) warnings++;
}

static int entries(const char *path) {
  DIR *folder = opendir(path);
  int found = 0;
  while (readdir(folder) != NULL) found++;
  closedir(folder);
  return found;
}

static int calls, drops;

static haft_status fail(void *user_data, const haft_value *call, haft_args *reply) {
  haft_session *session = (haft_session *)(intptr_t)haft_value_int(haft_value_at(call, "/arguments/session"), 0);
  haft_args *args = haft_args_new();
  (void)user_data;
  calls++;
  /* What it began is the session's, which goes on. */
  haft_args_set(args, "data.name", "by a plug-in");
  CHECK(haft_session_stage(session, "create", "NoteLabel", args, NULL, NULL) == HAFT_OK);
  haft_args_free(args);
  haft_args_set(reply, "message", "not today");
  return HAFT_E_IO;
}

static void dropped(void *user_data) { (void)user_data, drops++; }

static void turn(const char *url, const char *directory) {
  haft_session *session = NULL;
  haft_response *response = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "api_key", "secret-key");
  haft_args_set(args, "api_user", "jenkins");
  haft_args_set_bool(args, "schema_cache_path", false);
  haft_args_set_bool(args, "trust_env", false);
  haft_args_set(args, "plugin_paths", directory);
  haft_args_set_provider(args, "plugin", fail, NULL, dropped);
  warnings = 0;
  CHECK(haft_session_create(url, args, &session, NULL) == HAFT_OK);
  haft_args_free(args);
  /* Four libraries and the host's own. */
  CHECK(warnings == 5);
  CHECK(haft_session_inspect(session, "operations", NULL, &response, NULL) == HAFT_OK);
  CHECK(haft_value_count(haft_response_value(response)) == 1);
  haft_response_free(response);
  CHECK(haft_session_rollback(session, NULL, NULL) == HAFT_OK);
  response = NULL;
  CHECK(haft_session_request(session, "get", "User/d07ae5d0-66e1-11e1-b5e9-f23c91df25eb", NULL, &response, NULL) == HAFT_OK);
  haft_response_free(response);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
}

int main(int argc, char **argv) {
  int descriptors = 0, threads = 0, k;
  CHECK(argc == 3);
  haft_log_set(count, NULL, NULL, HAFT_LOG_DEBUG);
  for (k = 0; k < 13; k++) {
    if (k == 3) {
      descriptors = entries("/proc/self/fd");
      threads = entries("/proc/self/task");
    }
    turn(argv[1], argv[2]);
    CHECK(calls == k + 1 && drops == k + 1 && told == 0);
  }
  CHECK(entries("/proc/self/fd") == descriptors && entries("/proc/self/task") == threads);
  haft_log_set(NULL, NULL, NULL, 0);
  puts("ok");
  return 0;
}
