/* NULL in every place: accessors answer neutrally, frees ignore it, calls name the parameter. */
#include "check.h"

static haft_status provide(void *data, const haft_value *call, haft_args *reply) {
  (void)data, (void)call, (void)reply;
  return HAFT_OK;
}
static int64_t give(void *data, void *buffer, size_t size) {
  (void)data, (void)buffer, (void)size;
  return 0;
}

struct ArrowSchema { void *words[9]; };
struct ArrowArray { void *words[10]; };

int main(void) {
  size_t size = 7;
  const char *key = "key";
  const int64_t *times = (const int64_t *)&size;
  const double *values = (const double *)&size;
  const uint32_t *flags = (const uint32_t *)&size;

  CHECK(haft_error_status(NULL) == HAFT_OK);
  CHECK_TEXT(haft_error_message(NULL), "");
  CHECK(haft_error_detail(NULL) == NULL && haft_error_response(NULL) == NULL && !haft_error_is_retryable(NULL));

  CHECK(haft_value_type(NULL) == HAFT_TYPE_NULL && haft_value_count(NULL) == 0);
  CHECK(haft_value_at(NULL, "/a") == NULL && haft_value_at(NULL, NULL) == NULL);
  CHECK(haft_value_item(NULL, 0, &key) == NULL && key == NULL && haft_value_item(NULL, 0, NULL) == NULL);
  CHECK_TEXT(haft_value_string(NULL, &size), "");
  CHECK(size == 0);
  CHECK_TEXT(haft_value_string(NULL, NULL), "");
  size = 7;
  CHECK(haft_value_bytes(NULL, &size) == NULL && size == 0 && haft_value_bytes(NULL, NULL) == NULL);
  CHECK(haft_value_int(NULL, 5) == 5 && haft_value_double(NULL, 0.5) == 0.5);
  CHECK(haft_value_bool(NULL, true) && !haft_value_bool(NULL, false));
  CHECK(haft_value_series(NULL, &times, &values, &flags) == 0 && !times && !values && !flags);
  CHECK(haft_value_series(NULL, NULL, NULL, NULL) == 0);
  char *json = haft_value_json(NULL);
  CHECK_TEXT(json, "");
  haft_string_free(json);

  CHECK(haft_response_status(NULL) == 0 && haft_response_header(NULL, "a") == NULL);
  CHECK(haft_response_header(NULL, NULL) == NULL);
  size = 7;
  CHECK_TEXT(haft_response_body(NULL, &size), "");
  CHECK(size == 0);
  CHECK(haft_response_value(NULL) == NULL && haft_response_meta(NULL) == NULL);

  CHECK(haft_event_kind(NULL) == 0 && haft_event_id(NULL) == 0);
  CHECK_TEXT(haft_event_topic(NULL), "");
  CHECK(!haft_event_value(NULL) && !haft_event_response(NULL) && !haft_event_take_response(NULL));
  CHECK(!haft_event_error(NULL) && !haft_event_user_data(NULL));

  haft_string_free(NULL);
  haft_error_free(NULL);
  haft_args_free(NULL);
  haft_session_free(NULL);
  haft_response_free(NULL);
  haft_event_free(NULL);
  CHECK(haft_args_value(NULL) == NULL);
  CHECK(haft_session_retain(NULL) == NULL && haft_session_fd(NULL) == -1);
  haft_session_cancel(NULL, 0);
  haft_session_unsubscribe(NULL, 1);
  CHECK(!haft_supports(NULL) && !haft_supports("\xff") && haft_supports("http"));

  /* Setters on NULL do nothing but run drop. */
  int drops = 0;
  haft_args_set(NULL, "a", "b");
  haft_args_set_json(NULL, NULL, NULL);
  haft_args_set_value(NULL, NULL, NULL);
  haft_args_set_bytes(NULL, "a", NULL, 3);
  haft_args_set_series(NULL, "a", NULL, NULL, NULL, 3);
  haft_args_set_reader(NULL, "a", -1, give, &drops, count_drop);
  haft_args_set_provider(NULL, "a", provide, &drops, count_drop);
  CHECK(drops == 2);

  /* Calls. */
  haft_error *error = (haft_error *)&drops;
  haft_session *session = (haft_session *)&drops;
  haft_response *response = (haft_response *)&drops;
  haft_args *prepared = (haft_args *)&drops;
  haft_event *event = (haft_event *)&drops;
  uint64_t id = 9;
  FAILS(haft_session_create(NULL, NULL, &session, &error), HAFT_E_ARGUMENT, "`url` was NULL");
  CHECK(session == NULL);
  FAILS(haft_session_create("http://localhost", NULL, NULL, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_create("http://\xff", NULL, &session, &error), HAFT_E_ARGUMENT, "`url` was not UTF-8 at byte 7");
  CHECK(haft_session_create(NULL, NULL, &session, NULL) == HAFT_E_ARGUMENT);
  FAILS(haft_session_attach(NULL, "a", NULL, &session, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_configure(NULL, NULL, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_request(NULL, "GET", "/", NULL, &response, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  CHECK(response == NULL);
  FAILS(haft_session_submit(NULL, "GET", "/", NULL, &id, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  CHECK(id == 0);
  FAILS(haft_session_stage(NULL, "GET", "/", NULL, &response, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_prepare(NULL, "GET", "/", NULL, &prepared, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  CHECK(prepared == NULL);
  FAILS(haft_session_commit(NULL, NULL, &response, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_rollback(NULL, NULL, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_subscribe(NULL, "*", NULL, NULL, &drops, count_drop, &id, &error), HAFT_E_ARGUMENT, "`session`");
  CHECK(drops == 3);
  FAILS(haft_session_poll(NULL, 0, &event, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  CHECK(event == NULL);
  FAILS(haft_session_inspect(NULL, "stats", NULL, &response, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  FAILS(haft_session_close(NULL, NULL, &error), HAFT_E_ARGUMENT, "`session` was NULL");
  size = 7;
  FAILS(haft_response_read(NULL, &id, sizeof id, &size, &error), HAFT_E_ARGUMENT, "`response` was NULL");
  CHECK(size == 0);
  response = (haft_response *)&drops;
  FAILS(haft_response_next(NULL, &response, &error), HAFT_E_ARGUMENT, "`response` was NULL");
  CHECK(response == NULL);
  struct ArrowSchema schema;
  struct ArrowArray array;
  FAILS(haft_value_arrow(NULL, &schema, &array, &error), HAFT_E_ARGUMENT, "`value` was NULL");
  return 0;
}
