/* The log hook: replaced, switched off, dropped exactly once each time. */
#include "check.h"

static void take(void *data, haft_level level, const char *where, const char *message) {
  (void)data, (void)level;
  CHECK(where && message && strchr(message, '\n') == NULL);
  /* Calls from within are allowed. */
  haft_args_free(haft_args_new());
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
  CHECK_TEXT(haft_version(), HAFT_VERSION);
  CHECK(haft_version_number() == HAFT_VERSION_NUMBER);
  CHECK_TEXT(haft_status_name(HAFT_OK), "HAFT_OK");
  CHECK_TEXT(haft_status_name(HAFT_E_INTERNAL), "HAFT_E_INTERNAL");
  CHECK_TEXT(haft_status_name(-16), "unknown status");
  CHECK_TEXT(haft_status_name(1), "unknown status");
  return 0;
}
