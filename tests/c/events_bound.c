/* A flood stays bounded: a host that does not listen, by callback or by queue, gets HAFT_E_LIMIT after a hundred thousand
 * answers, loses none of them, and goes on when it listens again. argv[1] is the URL of the sandbox. */
#include "events.h"

enum { LIMIT = 100000 };

static atomic_int held, released, answers;
static unsigned char *seen;

/* These fail at once, without a byte on the wire: a flood of answers and of nothing else. */
static int flood(haft_session *session, int from) {
  haft_args *args = haft_args_new();
  int k = from;
  for (;; k++) {
    haft_error *error = NULL;
    haft_args_set_int(args, "id", k);
    haft_status status = haft_session_submit(session, "GET", "http://", args, NULL, &error);
    if (status == HAFT_E_LIMIT) {
      CHECK(haft_error_status(error) == HAFT_E_LIMIT);
      haft_error_free(error);
      break;
    }
    CHECK(status == HAFT_OK && error == NULL && k <= 2 * LIMIT);
  }
  haft_args_free(args);
  return k - 1;
}

static void count_answer(haft_event *event) {
  uint64_t id = haft_event_id(event);
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && id >= 1 && id <= 2 * LIMIT && !seen[id]);
  CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_ARGUMENT);
  seen[id] = 1;
  haft_event_free(event);
  atomic_fetch_add(&answers, 1);
}

static void slow_callback(void *data, haft_event *event) {
  (void)data;
  atomic_store(&held, 1);
  while (!atomic_load(&released)) sched_yield();
  count_answer(event);
}

static void a_slow_callback(void) {
  haft_session *session = open_session();
  atomic_int drops = 0;
  seen = calloc(2 * LIMIT + 1, 1);
  haft_status status =
      haft_session_subscribe(session, "haft.response", NULL, slow_callback, &drops, count_atomically, NULL, NULL);
  CHECK(status == HAFT_OK);
  /* The first ones wait for the callback, the others behind it. */
  int sent = flood(session, 1);
  CHECK(sent == LIMIT || sent == LIMIT + 1); /* the one that the callback has is read or unread, as one likes */
  atomic_store(&released, 1);
  await(&answers, sent);
  /* There is room again. */
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "id", sent + 1);
  submit(session, "GET", "http://", args);
  haft_args_free(args);
  await(&answers, sent + 1);
  leave(session);
  CHECK(drops == 1);
}

static void last_one(void *data, haft_event *event) {
  (void)data;
  haft_event_free(event);
}

static void a_full_queue(void) {
  haft_session *session = open_session(), *child = NULL;
  haft_error *error = NULL;
  memset(seen, 0, 2 * LIMIT + 1);
  atomic_store(&answers, 0);
  int sent = flood(session, 1);
  CHECK(sent == LIMIT);
  /* A blocking call needs no room in the queue. */
  CHECK(status_of(session, "/status/204") == 204);
  /* Room for one is room for one. */
  count_answer(next_event(session));
  CHECK(flood(session, sent + 1) == sent + 1);
  for (int k = 0; k < LIMIT; k++) count_answer(next_event(session));
  expect_nothing(session);
  CHECK(answers == LIMIT + 1);
  /* A child that sends its events to its parent fills the same queue. */
  haft_args *args = haft_args_new();
  haft_args_set(args, "events", "parent");
  CHECK(haft_session_attach(session, "/", args, &child, &error) == HAFT_OK);
  haft_args_free(args);
  sent = flood(child, 1);
  CHECK(sent == LIMIT);
  FAILS(haft_session_submit(session, "GET", "http://", NULL, NULL, &error), HAFT_E_LIMIT, "in flight or unread");
  haft_session_free(child);
  /* Close does not wait for somebody to read them, and the CLOSED comes behind all of them. */
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  for (int k = 0; k < LIMIT; k++) {
    haft_event *event = next_event(session);
    CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE);
    haft_event_free(event);
  }
  expect_kind(session, HAFT_EVENT_CLOSED);
  haft_session_free(session);
}

/* Subscriptions that come and go on one session leave nothing behind. */
static void come_and_go(void) {
  haft_session *session = open_session();
  atomic_int drops = 0;
  int turns = 0;
  long first = 0;
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "queue_max", 10);
  for (; turns < 30000; turns++) {
    uint64_t id = 0;
    haft_event_fn callback = turns % 2 ? last_one : NULL;
    haft_status status = haft_session_subscribe(session, "haft.state", args, callback, &drops, count_atomically, &id, NULL);
    CHECK(status == HAFT_OK);
    haft_session_unsubscribe(session, id);
    /* Full by then. */
    if (turns == 24000) first = resident();
  }
  haft_args_free(args);
  haft_response *list = NULL;
  CHECK(haft_session_inspect(session, "subscriptions", NULL, &list, NULL) == HAFT_OK);
  CHECK(haft_value_count(haft_response_value(list)) == 0);
  haft_response_free(list);
  long grown = resident() - first;
  if (grown > 4096) fprintf(stderr, "%ld KiB more\n", grown);
  CHECK(grown <= 4096);
  /* Of messages that nobody read as many are there as a queue has, and the rest is counted. */
  haft_event *event = next_event(session);
  CHECK(haft_event_kind(event) == HAFT_EVENT_DROPPED);
  int64_t dropped = haft_value_int(haft_value_at(haft_event_value(event), "count"), 0);
  haft_event_free(event);
  CHECK(dropped == turns / 2 - 10000);
  for (int k = 0; k < 10000; k++) {
    event = next_event(session);
    CHECK(haft_event_kind(event) == HAFT_EVENT_MESSAGE && haft_event_user_data(event) == NULL);
    haft_event_free(event);
  }
  expect_nothing(session);
  leave(session);
  CHECK(drops == turns);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  a_slow_callback();
  a_full_queue();
  come_and_go();
  CHECK(threads() == 1);
  free(seen);
  return 0;
}
