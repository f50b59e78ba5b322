/* The log hook: replaced, switched off, dropped exactly once each time; and what it hears. */
#include "check.h"

static void take(void *data, haft_level level, const char *where, const char *message) {
  (void)data, (void)level;
  CHECK(where && message && strchr(message, '\n') == NULL);
  /* Calls from within are allowed. */
  haft_args_free(haft_args_new());
}

static char lines[4096];

static void collect(void *data, haft_level level, const char *where, const char *message) {
  size_t used = strlen(lines);
  (void)data;
  snprintf(lines + used, sizeof lines - used, "%d %s: %s\n", (int)level, where, message);
}

/* What a session writes: milestones and exchanges, and no secret of its URLs. */
static void lines_of_a_session(void) {
  haft_session *session = NULL;
  haft_log_set(collect, NULL, NULL, HAFT_LOG_DEBUG);
  CHECK(haft_session_create("http://user:hidden@127.0.0.1:1/base?key=hidden", NULL, &session, NULL) == HAFT_OK);
  CHECK(haft_session_request(session, "GET", "/page?key=hidden", NULL, NULL, NULL) == HAFT_E_IO);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
  haft_log_set(NULL, NULL, NULL, 0);
  CHECK(strstr(lines, "3 session: a session with http://") && strstr(lines, "was opened\n"));
  CHECK(strstr(lines, "4 http: GET http://***@127.0.0.1:1/base/page failed (connect) after "));
  CHECK(strstr(lines, "was closed\n"));
  CHECK(strstr(lines, "hidden") == NULL);
}

int main(void) {
  int first = 0, second = 0, none = 0;
  haft_log_set(take, &first, count_drop, HAFT_LOG_DEBUG);
  CHECK(first == 0);
  haft_log_set(take, &second, count_drop, 99);
  CHECK(first == 1 && second == 0);
  haft_log_set(NULL, &none, count_drop, HAFT_LOG_DEBUG);
  CHECK(first == 1 && second == 1 && none == 1);
  haft_log_set(NULL, NULL, NULL, 0);
  CHECK(first == 1 && second == 1 && none == 1);
  lines_of_a_session();
  CHECK_TEXT(haft_version(), HAFT_VERSION);
  CHECK(haft_version_number() == HAFT_VERSION_NUMBER);
  CHECK_TEXT(haft_status_name(HAFT_OK), "HAFT_OK");
  CHECK_TEXT(haft_status_name(HAFT_E_INTERNAL), "HAFT_E_INTERNAL");
  CHECK_TEXT(haft_status_name(-16), "unknown status");
  CHECK_TEXT(haft_status_name(1), "unknown status");
  return 0;
}
