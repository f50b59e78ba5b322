/* Ten thousand sessions, one after the other, each with subscriptions and submitted calls, closed or only freed: nothing
 * of them is left. `events_cycles URL [COUNT [KIB]]`: the last is
 * how much more memory there may be, for tools that keep books. */
#include "events.h"

static atomic_int drops, subscriptions;

static void take(void *data, haft_event *event) {
  (void)data;
  haft_event_free(event);
}

static void subscribe(haft_session *session, const char *topic, haft_event_fn callback) {
  haft_status status = haft_session_subscribe(session, topic, NULL, callback, &drops, count_atomically, NULL, NULL);
  CHECK(status == HAFT_OK);
  atomic_fetch_add(&subscriptions, 1);
}

static void once(int turn) {
  haft_session *session = open_session();
  CHECK(haft_session_fd(session) >= 0);
  subscribe(session, "haft.state", turn % 3 == 0 ? take : NULL);
  subscribe(session, "haft.response", NULL);
  if (turn % 4 == 0) { /* with an answer */
    uint64_t id = submit(session, "GET", "/status/204", NULL);
    haft_event *event;
    while (haft_event_kind(event = next_event(session)) == HAFT_EVENT_MESSAGE) haft_event_free(event);
    CHECK(haft_event_id(event) == id && haft_response_status(haft_event_response(event)) == 204);
    haft_event_free(event);
  } else if (turn % 4 == 1) { /* with one that never comes */
    submit(session, "GET", "/fault/stall", NULL);
  } else if (turn % 4 == 2) { /* with a child */
    haft_session *child = NULL;
    CHECK(haft_session_attach(session, "/", NULL, &child, NULL) == HAFT_OK);
    subscribe(child, "haft.state", NULL);
    submit(child, "GET", "http://", NULL);
    haft_session_free(child);
  }
  if (turn % 5 != 0) CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  int turns = count > 2 ? atoi(arguments[2]) : 10000;
  /* What the process keeps for ever is there after a few. */
  for (int turn = 0; turn < turns / 10; turn++) once(turn);
  for (double end = seconds() + 60; threads() > 1 || drops < subscriptions; sched_yield()) CHECK(seconds() < end);
  int baseline = descriptors();
  long memory = resident();
  for (int turn = 0; turn < turns; turn++) once(turn);
  await_baseline(baseline);
  await(&drops, subscriptions);
  CHECK(descriptors() == baseline && drops == subscriptions);
  long grown = resident() - memory;
  printf("%d sessions, %ld KiB more than before\n", turns, grown);
  CHECK(grown < (count > 3 ? atol(arguments[3]) : 3000));
  return 0;
}
