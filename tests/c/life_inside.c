/* Close, free and unsubscribe from inside of the host's own code: callbacks, providers, readers, drops. */
#include "life.h"

enum action { CLOSE, FREE, CLOSE_AND_FREE, UNSUBSCRIBE };

struct place {
  haft_session *session;
  enum action action;
  uint64_t id;
  atomic_int calls, drops, closed;
};

static void act(struct place *place) {
  haft_error *error = NULL;
  if (atomic_fetch_add(&place->calls, 1) > 0) return;
  if (place->action == CLOSE || place->action == CLOSE_AND_FREE) {
    double before = seconds();
    CHECK(haft_session_close(place->session, NULL, &error) == HAFT_OK && error == NULL);
    CHECK(seconds() - before < 4);
    FAILS(haft_session_request(place->session, "GET", "/get", NULL, NULL, &error), HAFT_E_STATE, "closed");
  }
  if (place->action == UNSUBSCRIBE) haft_session_unsubscribe(place->session, place->id);
  if (place->action == FREE || place->action == CLOSE_AND_FREE) haft_session_free(place->session);
  CHECK(atomic_load(&place->drops) == 0);
}

static void dropped(void *data) { atomic_fetch_add(&((struct place *)data)->drops, 1); }

static void callback(void *data, haft_event *event) {
  struct place *place = data;
  CHECK(atomic_load(&place->drops) == 0);
  if (haft_event_kind(event) == HAFT_EVENT_CLOSED)
    atomic_fetch_add(&place->closed, 1);
  else
    act(place);
  haft_event_free(event);
}

static haft_status provide(void *data, const haft_value *call, haft_args *reply) {
  (void)call, (void)reply;
  act(data);
  return HAFT_OK;
}

static int64_t read_body(void *data, void *buffer, size_t size) {
  if (!buffer) return 0;
  act(data);
  memset(buffer, 'x', size);
  return (int64_t)size;
}

static void closed_tells(haft_session *session) {
  haft_event *event = NULL;
  CHECK(haft_session_poll(session, 20000, &event, NULL) == HAFT_OK && event != NULL);
  CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
}

static void in_callback(enum action action) {
  struct place place = {.session = open_session(), .action = action};
  haft_session *session = place.session;
  haft_status status =
      haft_session_subscribe(session, "haft.response", NULL, callback, &place, dropped, &place.id, NULL);
  CHECK(status == HAFT_OK);
  struct place state = {.action = UNSUBSCRIBE, .calls = 5, .session = session};
  CHECK(haft_session_subscribe(session, "haft.state", NULL, callback, &state, dropped, NULL, NULL) == HAFT_OK);
  CHECK(haft_session_submit(session, "GET", "/status/204", NULL, NULL, NULL) == HAFT_OK);
  await(&place.calls, 1);
  if (action == CLOSE) {
    closed_tells(session);
    CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  }
  if (action == UNSUBSCRIBE) {
    haft_event *event = NULL;
    await(&place.drops, 1);
    /* Nobody is pushed any more: the queue has the answers again. */
    CHECK(haft_session_submit(session, "GET", "/status/204", NULL, NULL, NULL) == HAFT_OK);
    CHECK(haft_session_poll(session, 20000, &event, NULL) == HAFT_OK);
    CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE);
    haft_event_free(event);
    CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  }
  await(&place.drops, 1);
  await(&state.drops, 1);
  CHECK(place.drops == 1 && state.drops == 1 && place.calls == 1);
  CHECK(state.closed == (action == FREE ? 0 : 1));
  if (action == CLOSE || action == UNSUBSCRIBE) haft_session_free(session);
}

/* `key` is given to a blocking request: the caller's own thread is inside. */
static void in_request(const char *key, bool reader, enum action action, bool submit) {
  struct place place = {.session = open_session(), .action = action};
  haft_session *session = place.session;
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  if (reader)
    haft_args_set_reader(args, key, -1, read_body, &place, dropped);
  else
    haft_args_set_provider(args, key, provide, &place, dropped);
  if (submit) {
    CHECK(haft_session_submit(session, "POST", "/post", args, NULL, &error) == HAFT_OK);
    haft_args_free(args);
    await(&place.calls, 1);
    if (action == CLOSE) {
      haft_event *event = NULL;
      CHECK(haft_session_poll(session, 20000, &event, NULL) == HAFT_OK);
      CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE);
      CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED);
      haft_event_free(event);
    }
  } else {
    haft_response *answer = NULL;
    FAILS(haft_session_request(session, "POST", "/post", args, &answer, &error), HAFT_E_CANCELLED, "cancelled");
    CHECK(answer == NULL);
    haft_args_free(args);
  }
  if (action == CLOSE) {
    closed_tells(session);
    haft_session_free(session);
  }
  await(&place.drops, 1);
  CHECK(place.drops == 1);
}

struct closer {
  haft_session *session;
  atomic_int drops;
};
static void close_in_drop(void *data) {
  struct closer *closer = data;
  CHECK(haft_session_close(closer->session, NULL, NULL) == HAFT_OK);
  atomic_fetch_add(&closer->drops, 1);
}
static void ignore(void *data, haft_event *event) {
  (void)data;
  haft_event_free(event);
}
static void in_drop(void) {
  struct closer closer = {.session = open_session()};
  uint64_t id = 0;
  haft_status status =
      haft_session_subscribe(closer.session, "haft.state", NULL, ignore, &closer, close_in_drop, &id, NULL);
  CHECK(status == HAFT_OK);
  haft_session_unsubscribe(closer.session, id);
  closed_tells(closer.session);
  await(&closer.drops, 1);
  haft_session_free(closer.session);
}

/* Poll on the worker would wait for itself. */
static atomic_int refused;
static void poll_inside(void *data, haft_event *event) {
  haft_error *error = NULL;
  haft_event *next = NULL;
  FAILS(haft_session_poll(data, -1, &next, &error), HAFT_E_STATE, "poll was called inside a callback");
  haft_event_free(event);
  atomic_fetch_add(&refused, 1);
}

int main(int count, char **arguments) {
  CHECK(count > 1);
  server = arguments[1];
  for (enum action action = CLOSE; action <= UNSUBSCRIBE; action++) in_callback(action);
  for (enum action action = CLOSE; action <= CLOSE_AND_FREE; action++) {
    for (int submit = 0; submit < 2; submit++) {
      in_request("auth", false, action, submit);
      in_request("hooks.request", false, action, submit);
      in_request("hooks.response", false, action, submit);
      in_request("data", true, action, submit);
    }
  }
  in_drop();
  haft_session *session = open_session();
  CHECK(haft_session_subscribe(session, "haft.state", NULL, poll_inside, session, NULL, NULL, NULL) == HAFT_OK);
  CHECK(haft_session_subscribe(session, "haft.state", NULL, ignore, NULL, NULL, NULL, NULL) == HAFT_OK);
  await(&refused, 1);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
  return 0;
}
