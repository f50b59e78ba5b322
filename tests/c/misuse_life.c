/* Objects freed in every order, used after close, closed twice; texts that are empty, huge or not UTF-8, everywhere.
 *
 * The address of a server that answers every GET is the first argument. */
#include "check.h"

static char *filled(size_t size, char with) {
  char *text = (char *)malloc(size + 1);
  memset(text, with, size);
  text[size] = '\0';
  return text;
}

/* ---- every order ---- */

typedef struct {
  haft_session *session, *child, *retained;
  haft_response *response, *streamed;
  haft_error *error;
  haft_args *args;
  haft_event *event;
} things;

enum { KINDS = 8 };

static things make(const char *url) {
  things all;
  haft_error *none = NULL;
  haft_args *stream = haft_args_new();
  memset(&all, 0, sizeof all);
  all.args = haft_args_new();
  haft_args_set(all.args, "headers.X-Order", "any");
  CHECK(haft_session_create(url, all.args, &all.session, &none) == HAFT_OK);
  CHECK(haft_session_attach(all.session, "/anything/", NULL, &all.child, &none) == HAFT_OK);
  all.retained = haft_session_retain(all.child);
  CHECK(all.retained == all.child);
  CHECK(haft_session_request(all.child, "GET", "below", all.args, &all.response, &none) == HAFT_OK);
  haft_args_set_bool(stream, "stream", true);
  CHECK(haft_session_request(all.session, "GET", "/size/100000", stream, &all.streamed, &none) == HAFT_OK);
  haft_args_free(stream);
  CHECK(haft_session_request(all.session, "G T", NULL, NULL, NULL, &all.error) == HAFT_E_ARGUMENT);
  CHECK(haft_session_submit(all.child, "GET", "submitted", NULL, NULL, &none) == HAFT_OK);
  CHECK(haft_session_poll(all.child, 20000, &all.event, &none) == HAFT_OK && all.event != NULL);
  return all;
}

static void let_go(things *all, int which) {
  switch (which) {
  case 0: haft_session_free(all->session); break;
  case 1: haft_session_free(all->child); break;
  case 2: haft_session_free(all->retained); break;
  case 3: haft_response_free(all->response); break;
  case 4: haft_response_free(all->streamed); break;
  case 5: haft_error_free(all->error); break;
  case 6: haft_args_free(all->args); break;
  default: haft_event_free(all->event);
  }
}

/* What is still there can be read, whatever went before it. */
static void look(const things *all, unsigned gone) {
  size_t size = 0;
  if (!(gone & 1u << 3)) {
    CHECK(haft_response_status(all->response) == 200);
    CHECK(haft_value_at(haft_response_value(all->response), "/url") != NULL);
    CHECK(haft_value_count(haft_response_meta(all->response)) > 0);
    CHECK(haft_response_body(all->response, &size)[size] == '\0' && size > 0);
  }
  if (!(gone & 1u << 5)) CHECK(strlen(haft_error_message(all->error)) > 0);
  if (!(gone & 1u << 6)) CHECK(haft_value_count(haft_args_value(all->args)) == 1);
  if (!(gone & 1u << 7)) CHECK(haft_response_status(haft_event_response(all->event)) == 200);
}

static void orders(const char *url, int step) {
  int order[KINDS], at, count = 0, tried = 0;
  for (at = 0; at < KINDS; ++at) order[at] = at;
  for (;;) {
    /* All 40320 orders exist; a step of them is made, evenly spread. */
    if (count++ % step == 0) {
      things all = make(url);
      unsigned gone = 0;
      ++tried;
      for (at = 0; at < KINDS; ++at) {
        look(&all, gone);
        let_go(&all, order[at]);
        gone |= 1u << order[at];
      }
    }
    /* The next permutation. */
    int tail = KINDS - 2, swap = KINDS - 1, low, high, kept;
    while (tail >= 0 && order[tail] > order[tail + 1]) --tail;
    if (tail < 0) break;
    while (order[swap] < order[tail]) --swap;
    kept = order[tail], order[tail] = order[swap], order[swap] = kept;
    for (low = tail + 1, high = KINDS - 1; low < high; ++low, --high) {
      kept = order[low], order[low] = order[high], order[high] = kept;
    }
  }
  CHECK(count == 40320);
  printf("%d orders\n", tried);
}

/* ---- after close ---- */

static void after_close(const char *url) {
  haft_session *session = NULL, *child = NULL, *other = NULL;
  haft_error *error = NULL;
  haft_response *response = NULL;
  haft_args *prepared = NULL, *late = haft_args_new();
  haft_event *event = NULL;
  uint64_t id = 7;
  int drops = 0, round;
  char buffer[16];
  size_t got = 7;
  haft_args_set_bool(late, "stream", true);
  CHECK(haft_session_create(url, NULL, &session, &error) == HAFT_OK);
  CHECK(haft_session_attach(session, "/anything/", NULL, &child, &error) == HAFT_OK);
  CHECK(haft_session_request(session, "GET", "/stream-bytes/100000", late, &response, &error) == HAFT_OK);
  haft_args_free(late);
  for (round = 0; round < 3; ++round) {
    haft_session *one = round == 2 ? child : session;
    CHECK(haft_session_close(one, NULL, &error) == HAFT_OK);
    FAILS(haft_session_request(one, "GET", "/get", NULL, NULL, &error), HAFT_E_STATE, "closed");
    FAILS(haft_session_submit(one, "GET", "/get", NULL, &id, &error), HAFT_E_STATE, "closed");
    CHECK(id == 0);
    FAILS(haft_session_stage(one, "GET", "/get", NULL, NULL, &error), HAFT_E_STATE, "closed");
    FAILS(haft_session_prepare(one, "GET", "/get", NULL, &prepared, &error), HAFT_E_STATE, "closed");
    CHECK(prepared == NULL);
    FAILS(haft_session_commit(one, NULL, NULL, &error), HAFT_E_STATE, "closed");
    FAILS(haft_session_rollback(one, NULL, &error), HAFT_E_STATE, "closed");
    FAILS(haft_session_configure(one, NULL, &error), HAFT_E_STATE, "closed");
    FAILS(haft_session_attach(one, "/x", NULL, &other, &error), HAFT_E_STATE, "closed");
    CHECK(other == NULL);
    FAILS(haft_session_subscribe(one, "haft.state", NULL, NULL, &drops, count_drop, &id, &error), HAFT_E_STATE, "closed");
    CHECK(drops == round + 1 && id == 0);
    haft_session_cancel(one, 0);
    haft_session_cancel(one, 12345);
    haft_session_unsubscribe(one, 12345);
    CHECK(haft_session_close(one, NULL, NULL) == HAFT_OK);
  }
  /* CLOSED is there once, and then there is nothing more to wait for. */
  CHECK(haft_session_poll(session, -1, &event, &error) == HAFT_OK);
  CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  FAILS(haft_session_poll(session, -1, &event, &error), HAFT_E_STATE, "closed");
  CHECK(event == NULL);
  /* The body that was being read ends, one way or the other, and does not hang. */
  while (haft_response_read(response, buffer, sizeof buffer, &got, &error) == HAFT_OK && got > 0) {}
  haft_error_free(error);
  haft_response_free(response);
  haft_session_free(child);
  haft_session_free(session);
}

/* ---- texts ---- */

static void texts(const char *url) {
  haft_session *session = NULL, *other = NULL;
  haft_error *error = NULL;
  haft_response *response = NULL;
  haft_args *args = haft_args_new();
  char *huge = filled(1 << 20, 'h');
  const char *bad = "ok\xc3\x28";
  uint64_t id = 0;
  int drops = 0;
  CHECK(haft_session_create(url, NULL, &session, &error) == HAFT_OK);
  FAILS(haft_session_create("", NULL, &other, &error), HAFT_E_ARGUMENT, "scheme");
  FAILS(haft_session_create(bad, NULL, &other, &error), HAFT_E_ARGUMENT, "not UTF-8 at byte 2");
  FAILS(haft_session_create(huge, NULL, &other, &error), HAFT_E_ARGUMENT, "scheme");
  FAILS(haft_session_attach(session, bad, NULL, &other, &error), HAFT_E_ARGUMENT, "`name` was not UTF-8 at byte 2");
  FAILS(haft_session_attach(session, NULL, NULL, &other, &error), HAFT_E_ARGUMENT, "`name` was NULL");
  FAILS(haft_session_attach(session, "/x", NULL, NULL, &error), HAFT_E_ARGUMENT, "was NULL");
  FAILS(haft_session_request(session, bad, "/", NULL, &response, &error), HAFT_E_ARGUMENT, "`verb` was not UTF-8");
  FAILS(haft_session_request(session, "GET", bad, NULL, &response, &error), HAFT_E_ARGUMENT, "`target` was not UTF-8");
  FAILS(haft_session_request(session, "", "/", NULL, &response, &error), HAFT_E_ARGUMENT, "was not a token");
  FAILS(haft_session_request(session, NULL, NULL, NULL, &response, &error), HAFT_E_ARGUMENT, "had no url");
  FAILS(haft_session_submit(session, bad, "/", NULL, &id, &error), HAFT_E_ARGUMENT, "`verb` was not UTF-8");
  FAILS(haft_session_stage(session, "GET", bad, NULL, NULL, &error), HAFT_E_ARGUMENT, "`target` was not UTF-8");
  FAILS(haft_session_prepare(session, "GET", "/", NULL, NULL, &error), HAFT_E_ARGUMENT, "`prepared` was NULL");
  FAILS(haft_session_subscribe(session, bad, NULL, NULL, &drops, count_drop, &id, &error), HAFT_E_ARGUMENT, "`topic` was not UTF-8");
  FAILS(haft_session_subscribe(session, NULL, NULL, NULL, &drops, count_drop, &id, &error), HAFT_E_ARGUMENT, "`topic` was NULL");
  FAILS(haft_session_subscribe(session, "", NULL, NULL, &drops, count_drop, &id, &error), HAFT_E_UNSUPPORTED, "topic");
  FAILS(haft_session_subscribe(session, "haft.stat", NULL, NULL, &drops, count_drop, &id, &error), HAFT_E_UNSUPPORTED, "haft.state");
  CHECK(drops == 4);
  FAILS(haft_session_inspect(session, bad, NULL, &response, &error), HAFT_E_ARGUMENT, "`what` was not UTF-8");
  FAILS(haft_session_inspect(session, NULL, NULL, &response, &error), HAFT_E_ARGUMENT, "`what` was NULL");
  FAILS(haft_session_inspect(session, "cokies", NULL, &response, &error), HAFT_E_UNSUPPORTED, "cookies");
  FAILS(haft_session_inspect(session, huge, NULL, &response, &error), HAFT_E_UNSUPPORTED, "snapshot");
  FAILS(haft_session_poll(session, 0, NULL, &error), HAFT_E_ARGUMENT, "`event` was NULL");
  /* Every error may be NULL. */
  CHECK(haft_session_request(session, "", NULL, NULL, NULL, NULL) == HAFT_E_ARGUMENT);
  CHECK(haft_session_attach(session, NULL, NULL, &other, NULL) == HAFT_E_ARGUMENT);
  CHECK(haft_session_inspect(session, "?", NULL, NULL, NULL) == HAFT_E_UNSUPPORTED);

  /* A mebibyte goes through where text goes through, as a key too. */
  haft_args_set(args, "headers.X-Huge", huge);
  haft_args_set(args, huge, "value");
  CHECK(haft_value_count(haft_args_value(args)) == 2);
  FAILS(haft_session_request(session, "GET", "/get", args, &response, &error), HAFT_E_ARGUMENT, "there is no option");
  haft_args_free(args);
  args = haft_args_new();
  haft_args_set(args, "data", huge);
  CHECK(haft_session_request(session, "POST", "/upload", args, &response, &error) == HAFT_OK);
  CHECK(haft_value_int(haft_value_at(haft_response_value(response), "/count"), 0) == 1 << 20);
  CHECK(haft_response_header(response, huge) == NULL && haft_response_header(response, bad) == NULL);
  CHECK(haft_response_header(response, "") == NULL && haft_response_header(response, NULL) == NULL);
  CHECK(haft_value_at(haft_response_value(response), huge) == NULL);
  CHECK(haft_value_at(haft_response_value(response), "/no/such/place") == NULL);
  CHECK(haft_value_item(haft_response_value(response), (size_t)-1, NULL) == NULL);
  haft_response_free(response);
  haft_args_free(args);
  args = haft_args_new();
  haft_args_set_json(args, "params", "{\"deep\": [[[[1]]]]}");
  haft_args_set_json(args, "json", "");
  FAILS(haft_session_request(session, "GET", "/get", args, &response, &error), HAFT_E_ARGUMENT, "json");
  haft_args_free(args);
  CHECK(haft_status_name(-1234)[0] != 0 && haft_status_name(1)[0] != 0);
  free(huge);
  haft_session_free(session);
}

int main(int count, char **arguments) {
  CHECK(count >= 2);
  orders(arguments[1], count > 2 ? atoi(arguments[2]) : 40);
  after_close(arguments[1]);
  texts(arguments[1]);
  return 0;
}
