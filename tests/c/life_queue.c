/* The queue and its descriptor, subscriptions, submitted calls and their numbers. */
#include "life.h"

static bool readable(int descriptor) {
  struct pollfd interest = {.fd = descriptor, .events = POLLIN};
  return poll(&interest, 1, 0) == 1;
}

static haft_event *next(haft_session *session, int64_t timeout_ms) {
  haft_event *event = NULL;
  haft_error *error = NULL;
  CHECK(haft_session_poll(session, timeout_ms, &event, &error) == HAFT_OK && error == NULL);
  return event;
}

static void timeouts(void) {
  haft_session *session = open_session();
  CHECK(next(session, 0) == NULL);
  double before = seconds();
  CHECK(next(session, 30) == NULL);
  CHECK(seconds() - before >= 0.03);
  haft_session_free(session);
}

static void level(void) {
  haft_session *session = open_session();
  int descriptor = haft_session_fd(session);
  CHECK(!readable(descriptor));
  uint64_t ids[2];
  for (int k = 0; k < 2; k++)
    CHECK(haft_session_subscribe(session, "haft.state", NULL, NULL, &ids[k], NULL, &ids[k], NULL) == HAFT_OK);
  CHECK(readable(descriptor) && readable(descriptor));
  for (int k = 0; k < 2; k++) {
    CHECK(readable(descriptor));
    haft_event *event = next(session, 0);
    CHECK(haft_event_id(event) == ids[k] && haft_event_user_data(event) == &ids[k]);
    CHECK_TEXT(haft_value_string(haft_value_at(haft_event_value(event), "state"), NULL), "ready");
    haft_event_free(event);
  }
  CHECK(!readable(descriptor) && next(session, 0) == NULL);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK && readable(descriptor));
  /* Closing comes to both subscriptions, then CLOSED. */
  for (int k = 0; k < 3; k++) {
    haft_event *event = next(session, 0);
    CHECK(haft_event_kind(event) == (k < 2 ? HAFT_EVENT_MESSAGE : HAFT_EVENT_CLOSED));
    haft_event_free(event);
  }
  CHECK(!readable(descriptor));
  haft_session_free(session);
}

static void overflow(void) {
  haft_session *session = open_session();
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  haft_args_set_int(args, "queue_max", 0);
  FAILS(haft_session_subscribe(session, "haft.state", args, NULL, NULL, NULL, NULL, &error), HAFT_E_ARGUMENT, "queue_max");
  haft_args_set_int(args, "queue_max", 1);
  CHECK(haft_session_submit(session, "GET", "/status/204", NULL, NULL, NULL) == HAFT_OK);
  struct pollfd interest = {.fd = haft_session_fd(session), .events = POLLIN};
  CHECK(poll(&interest, 1, 20000) == 1);
  /* How things stand at first, then that the session is closing: each has room for one. */
  for (int k = 0; k < 5; k++)
    CHECK(haft_session_subscribe(session, "haft.state", k < 3 ? args : NULL, NULL, NULL, NULL, NULL, NULL) == HAFT_OK);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_event *event = next(session, 0);
  CHECK(haft_event_kind(event) == HAFT_EVENT_DROPPED);
  CHECK(haft_value_int(haft_value_at(haft_event_value(event), "count"), 0) == 3);
  haft_event_free(event);
  event = next(session, 0);
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE);
  haft_event_free(event);
  for (int k = 0; k < 7; k++) {
    event = next(session, 0);
    CHECK(haft_event_kind(event) == HAFT_EVENT_MESSAGE);
    const char *state = haft_value_string(haft_value_at(haft_event_value(event), "state"), NULL);
    CHECK(strcmp(state, k < 2 ? "ready" : "closing") == 0);
    haft_event_free(event);
  }
  event = next(session, 0);
  CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  haft_args_free(args);
  haft_session_free(session);
}

static void topics(void) {
  haft_session *session = open_session();
  haft_error *error = NULL;
  FAILS(haft_session_subscribe(session, "haft.stat", NULL, NULL, NULL, NULL, NULL, &error), HAFT_E_UNSUPPORTED,
        "the nearest is \"haft.state\"");
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, "{\"queue\": 4}");
  FAILS(haft_session_subscribe(session, "haft.state", args, NULL, NULL, NULL, NULL, &error), HAFT_E_ARGUMENT, "queue");
  haft_args_free(args);
  haft_session_free(session);
}

/* The same option twice in flight, and again once its answer is there. */
static void numbers(void) {
  haft_session *session = open_session();
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  static const int64_t wrong[] = {0, -1, INT64_MIN};
  for (int k = 0; k < 3; k++) {
    haft_args_set_int(args, "id", wrong[k]);
    uint64_t id = 5;
    FAILS(haft_session_submit(session, "GET", "/get", args, &id, &error), HAFT_E_ARGUMENT, "between 1 and 2^63-1");
    CHECK(id == 0);
    FAILS(haft_session_request(session, "GET", "/get", args, NULL, &error), HAFT_E_ARGUMENT, "between 1 and 2^63-1");
  }
  haft_args_set_int(args, "id", 42);
  haft_args_set(args, "tag", "mine");
  uint64_t id = 0;
  CHECK(haft_session_submit(session, "GET", "/fault/stall", args, &id, NULL) == HAFT_OK && id == 42);
  FAILS(haft_session_submit(session, "GET", "/get", args, NULL, &error), HAFT_E_ARGUMENT, "in flight already");
  haft_session_cancel(session, 42);
  for (int k = 0; k < 50; k++) {
    haft_event *event = next(session, 20000);
    CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_id(event) == 42);
    CHECK_TEXT(haft_event_topic(event), "mine");
    if (k == 0) {
      CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED && haft_event_response(event) == NULL);
      CHECK(haft_event_take_response(event) == NULL);
    } else {
      CHECK(haft_event_error(event) == NULL && haft_response_status(haft_event_response(event)) == 200);
      haft_response *taken = haft_event_take_response(event);
      CHECK(taken != NULL && haft_event_response(event) == NULL && haft_event_take_response(event) == NULL);
      haft_event_free(event);
      event = NULL;
      CHECK(haft_value_at(haft_response_value(taken), "/headers") != NULL);
      haft_response_free(taken);
    }
    haft_event_free(event);
    /* Its answer is here: the number is free. */
    CHECK(haft_session_submit(session, "GET", "/get", args, NULL, &error) == HAFT_OK);
  }
  haft_args_free(args);
  haft_args *first = haft_args_new();
  haft_args_set_int(first, "id", INT64_MAX);
  CHECK(haft_session_submit(session, "GET", "/get", first, &id, NULL) == HAFT_OK && id == INT64_MAX);
  haft_args_free(first);
  CHECK(haft_session_submit(session, "GET", "/get", NULL, &id, NULL) == HAFT_OK && id > INT64_MAX);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
}

static atomic_int pushed;
static void push(void *data, haft_event *event) {
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_user_data(event) == data);
  haft_event_free(event);
  atomic_fetch_add(&pushed, 1);
}
static void answers_are_pushed(void) {
  haft_session *session = open_session();
  uint64_t id = 0;
  atomic_int drops = 0;
  CHECK(haft_session_subscribe(session, "haft.response", NULL, push, &drops, count_atomically, &id, NULL) == HAFT_OK);
  for (int k = 0; k < 3; k++) CHECK(haft_session_submit(session, "GET", "/status/204", NULL, NULL, NULL) == HAFT_OK);
  await(&pushed, 3);
  CHECK(next(session, 0) == NULL);
  haft_session_unsubscribe(session, id);
  await(&drops, 1);
  CHECK(haft_session_submit(session, "GET", "/status/204", NULL, NULL, NULL) == HAFT_OK);
  haft_event *event = next(session, 20000);
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && pushed == 3);
  haft_event_free(event);
  haft_session_free(session);
}

/* A streamed answer leaves its event and is read from there, also when its session is gone. */
static void streams(void) {
  haft_session *session = open_session();
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  haft_args_set_bool(args, "stream", true);
  CHECK(haft_session_submit(session, "GET", "/size/100000", args, NULL, NULL) == HAFT_OK);
  haft_event *event = next(session, 20000);
  haft_response *answer = haft_event_take_response(event);
  haft_event_free(event);
  size_t size = 1, got = 0, all = 0;
  char piece[5000];
  haft_response_body(answer, &size);
  CHECK(size == 0 && haft_response_value(answer) == NULL);
  do {
    CHECK(haft_response_read(answer, piece, sizeof piece, &got, &error) == HAFT_OK);
    all += got;
  } while (got);
  CHECK(all == 100000 && haft_response_read(answer, piece, sizeof piece, &got, &error) == HAFT_OK && got == 0);
  haft_response_free(answer);
  /* The rest at once. */
  CHECK(haft_session_request(session, "GET", "/get", args, &answer, NULL) == HAFT_OK);
  const haft_value *meta = haft_response_meta(answer), *url = haft_value_at(meta, "url");
  CHECK(haft_response_value(answer) == NULL);
  CHECK(haft_response_read(answer, NULL, 0, &got, &error) == HAFT_OK && got > 0);
  CHECK(haft_response_body(answer, &size)[size] == 0 && size == got);
  CHECK_TEXT(haft_value_string(haft_value_at(haft_response_value(answer), "method"), NULL), "GET");
  /* What was looked at before is still there. */
  CHECK(strncmp(haft_value_string(url, NULL), "http://", 7) == 0);
  /* From memory. */
  CHECK(haft_response_read(answer, piece, sizeof piece, &got, &error) == HAFT_OK && got == size);
  CHECK(haft_response_read(answer, piece, sizeof piece, &got, &error) == HAFT_OK && got == 0);
  haft_response_free(answer);
  /* Free in the middle ends the connection, and nothing else. */
  CHECK(haft_session_request(session, "GET", "/size/100000000", args, &answer, NULL) == HAFT_OK);
  CHECK(haft_response_read(answer, piece, 10, &got, &error) == HAFT_OK && got > 0);
  haft_response_free(answer);
  CHECK(haft_session_request(session, "GET", "/size/1000000", args, &answer, NULL) == HAFT_OK);
  haft_session_free(session);
  CHECK(haft_response_read(answer, NULL, 0, &got, &error) == HAFT_OK && got == 1000000);
  haft_response_free(answer);
  haft_args_free(args);
}

int main(int count, char **arguments) {
  CHECK(count > 1);
  server = arguments[1];
  timeouts();
  level();
  overflow();
  topics();
  numbers();
  answers_are_pushed();
  streams();
  return 0;
}
