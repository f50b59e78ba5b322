/* A host whose own functions misbehave: readers that lie, providers that answer nonsense, and all of them calling back
 * into the library, down to closing and freeing the session that is asking them.
 *
 * The address of a server is the first argument. */
#include "check.h"

static haft_session *session;
static int drops;
static int64_t lie;

static int64_t lying(void *data, void *buffer, size_t size) {
  (void)data;
  if (buffer == NULL) return 0;
  memset(buffer, 'x', size);
  return lie == INT64_MAX ? (int64_t)size + 1 : lie;
}

static void refused(int64_t answer, const char *message, int line) {
  haft_error *error = NULL;
  haft_response *response = NULL;
  haft_args *args = haft_args_new();
  int before = drops;
  lie = answer;
  haft_args_set_reader(args, "data", 100000, lying, &drops, count_drop);
  fails(haft_session_request(session, "POST", "/upload", args, &response, &error), HAFT_E_REMOTE, &error, message, line);
  CHECK(response == NULL);
  haft_args_free(args);
  CHECK(drops == before + 1);
  /* The session is as good as before. */
  CHECK(haft_session_request(session, "GET", "/get", NULL, &response, &error) == HAFT_OK);
  haft_response_free(response);
}

typedef haft_status (*answer_fn)(haft_args *reply);

static haft_status provide(void *data, const haft_value *call, haft_args *reply) {
  CHECK(haft_value_at(call, "/method") != NULL && haft_value_at(call, "/arguments/request/url") != NULL);
  return (*(answer_fn *)data)(reply);
}

static haft_status unknown_status(haft_args *reply) { (void)reply; return -12345; }
static haft_status positive_status(haft_args *reply) { (void)reply; return 77; }
static haft_status mistaken_reply(haft_args *reply) { haft_args_set(reply, NULL, "x"); return HAFT_OK; }
static haft_status wrong_type(haft_args *reply) { haft_args_set_int(reply, "url", 5); return HAFT_OK; }
static haft_status strange_key(haft_args *reply) { haft_args_set(reply, "nobody_knows", "x"); return HAFT_OK; }
static haft_status long_message(haft_args *reply) {
  haft_args_set(reply, "message", "first line\r\nsecond line");
  return HAFT_E_CONFLICT;
}
static haft_status nested(haft_args *reply) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  (void)reply;
  CHECK(haft_session_request(session, "GET", "/get?nested", NULL, &response, &error) == HAFT_OK);
  haft_response_free(response);
  return HAFT_OK;
}
static haft_status cancels(haft_args *reply) { (void)reply; haft_session_cancel(session, 0); return HAFT_OK; }
static haft_status configures(haft_args *reply) {
  haft_args *args = haft_args_new();
  (void)reply;
  haft_args_set(args, "headers.X-Inside", "yes");
  CHECK(haft_session_configure(session, args, NULL) == HAFT_OK);
  haft_args_free(args);
  return HAFT_OK;
}
static haft_status closes(haft_args *reply) {
  (void)reply;
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  return HAFT_OK;
}
static haft_status frees(haft_args *reply) {
  (void)reply;
  haft_session_free(session);
  session = NULL;
  return HAFT_OK;
}

/* Asks with a request hook that answers so. */
static haft_status asked(answer_fn answer, haft_error **error) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  int before = drops;
  haft_status status;
  static answer_fn kept;
  kept = answer;
  haft_args_set_provider(args, "hooks.request", provide, &kept, NULL);
  haft_args_set_provider(args, "hooks.response", NULL, &drops, count_drop);
  haft_args_free(args);
  CHECK(drops == before + 1);
  args = haft_args_new();
  haft_args_set_provider(args, "hooks.request", provide, &kept, NULL);
  status = haft_session_request(session, "GET", "/get", args, &response, error);
  haft_args_free(args);
  haft_response_free(response);
  return status;
}

/* A drop function that uses the library. */
static void busy_drop(void *data) {
  haft_session *other = NULL;
  haft_error *error = NULL;
  (void)data;
  CHECK(haft_session_create("http://127.0.0.1:1", NULL, &other, &error) == HAFT_OK);
  CHECK(haft_session_close(other, NULL, &error) == HAFT_OK);
  haft_session_free(other);
  ++drops;
}

static void fresh(const char *url) {
  haft_session_free(session);
  session = NULL;
  CHECK(haft_session_create(url, NULL, &session, NULL) == HAFT_OK);
}

int main(int count, char **arguments) {
  haft_error *error = NULL;
  haft_response *response = NULL;
  haft_args *args;
  haft_event *event = NULL;
  char buffer[8];
  size_t got = 7;
  CHECK(count >= 2);
  fresh(arguments[1]);

  refused(INT64_MAX, "claimed more bytes than it was given room for", __LINE__);
  refused((int64_t)1 << 40, "claimed more bytes than it was given room for", __LINE__);
  refused(INT64_MIN, "gave up", __LINE__);
  refused(-1, "gave up", __LINE__);
  refused(0, "", __LINE__);

  FAILS(asked(unknown_status, &error), HAFT_E_REMOTE, "a provider failed");
  FAILS(asked(positive_status, &error), HAFT_E_REMOTE, "a provider failed");
  FAILS(asked(mistaken_reply, &error), HAFT_E_ARGUMENT, "`key` was NULL");
  FAILS(asked(wrong_type, &error), HAFT_E_ARGUMENT, "`url` must be text");
  FAILS(asked(long_message, &error), HAFT_E_CONFLICT, "first line\\r\\nsecond line");
  CHECK(asked(strange_key, &error) == HAFT_OK);
  CHECK(asked(nested, &error) == HAFT_OK);
  CHECK(asked(configures, &error) == HAFT_OK);
  FAILS(asked(cancels, &error), HAFT_E_CANCELLED, "cancelled");
  FAILS(asked(closes, &error), HAFT_E_CANCELLED, "");
  /* It is finished behind our back, and tells when. */
  CHECK(haft_session_poll(session, 20000, &event, &error) == HAFT_OK && haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  fresh(arguments[1]);
  {
    haft_status status = asked(frees, &error);
    CHECK(status == HAFT_OK || status == HAFT_E_CANCELLED);
    haft_error_free(error);
    error = NULL;
  }
  fresh(arguments[1]);

  args = haft_args_new();
  haft_args_set_reader(args, "data", 5, lying, NULL, busy_drop);
  got = (size_t)drops;
  haft_args_free(args);
  CHECK((size_t)drops == got + 1);

  /* Reading with nowhere to put it. */
  args = haft_args_new();
  haft_args_set_bool(args, "stream", true);
  CHECK(haft_session_request(session, "GET", "/size/100", args, &response, &error) == HAFT_OK);
  haft_args_free(args);
  FAILS(haft_response_read(response, NULL, 5, &got, &error), HAFT_E_ARGUMENT, "`buffer` was NULL");
  CHECK(haft_response_read(response, buffer, 0, &got, &error) == HAFT_OK && got == 0);
  CHECK(haft_response_read(response, buffer, sizeof buffer, NULL, &error) == HAFT_OK);
  CHECK(haft_response_read(response, buffer, sizeof buffer, &got, NULL) == HAFT_OK && got == sizeof buffer);
  FAILS(haft_response_next(response, NULL, &error), HAFT_E_ARGUMENT, "`item` was NULL");
  haft_response_free(response);
  haft_session_free(session);
  return 0;
}
