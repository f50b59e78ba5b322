/* 10_staged: changes that go out together, in order, and what happens when one is refused. Usage: 10_staged [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static void stage(haft_session *session, const char *verb, const char *target) {
  haft_error *error = NULL;
  check(haft_session_stage(session, verb, target, NULL, NULL, &error), &error);
  printf("staged %s %s\n", verb, target);
}

static int staged(haft_session *session) {
  haft_response *list = NULL;
  haft_error *error = NULL;
  check(haft_session_inspect(session, "staged", NULL, &list, &error), &error);
  int count = (int)haft_value_count(haft_response_value(list));
  haft_response_free(list);
  return count;
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_response *response = NULL, *item = NULL;
  haft_error *error = NULL;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  /* Nothing is sent before the commit; a mistake in the arguments comes out at once. */
  stage(session, "PUT", "/put");
  stage(session, "DELETE", "/delete");
  check(haft_session_commit(session, NULL, &response, &error), &error);
  for (;;) {
    check(haft_response_next(response, &item, &error), &error);
    if (item == NULL) break;
    printf("  %d %s\n", haft_response_status(item),
           haft_value_string(haft_value_at(haft_response_value(item), "method"), NULL));
    haft_response_free(item);
  }
  size_t done = haft_value_count(haft_response_value(response));
  haft_response_free(response);
  if (done != 2 || staged(session) != 0) return EXIT_FAILURE;

  /* The second of three is refused: the first was done, the refused one and what follows are still staged. */
  stage(session, "PUT", "/put");
  stage(session, "PATCH", "/status/409");
  stage(session, "DELETE", "/delete");
  haft_status status = haft_session_commit(session, NULL, NULL, &error);
  const haft_value *detail = haft_error_detail(error);
  int index = (int)haft_value_int(haft_value_at(detail, "index"), -1);
  printf("%s at index %d: %s\n", haft_status_name(status), index, haft_error_message(error));
  done = haft_value_count(haft_response_value(haft_error_response(error)));
  printf("%zu done, %d still staged\n", done, staged(session));
  haft_error_free(error);
  if (status != HAFT_E_CONFLICT || index != 1 || done != 1 || staged(session) != 2) return EXIT_FAILURE;

  check(haft_session_rollback(session, NULL, &error), &error);
  printf("after the rollback %d are staged\n", staged(session));
  if (staged(session) != 0) return EXIT_FAILURE;

  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);
  return EXIT_SUCCESS;
}
