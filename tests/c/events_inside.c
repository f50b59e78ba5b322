/* What push callbacks may do: submit, subscribe, unsubscribe themselves and others, ask in between, end other sessions,
 * and free what they were told. argv[1] is the URL of the sandbox. */
#include "events.h"

/* A callback that submits the next call, until there were enough; the last one from a call that was submitted inside. */
enum { CHAIN = 100 };
static atomic_int links;

static void submit_next(void *data, haft_event *event) {
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_user_data(event) == data);
  CHECK(haft_response_status(haft_event_response(event)) == 204);
  if (atomic_load(&links) < CHAIN) submit(data, "GET", "/status/204", NULL);
  haft_event_free(event);
  atomic_fetch_add(&links, 1);
}

static void submitting(void) {
  haft_session *session = open_session();
  CHECK(haft_session_subscribe(session, "haft.response", NULL, submit_next, session, NULL, NULL, NULL) == HAFT_OK);
  submit(session, "GET", "/status/204", NULL);
  await(&links, CHAIN + 1);
  /* All went to the callback; the queue has heard of none. */
  expect_nothing(session);
  leave(session);
  CHECK(links == CHAIN + 1);
}

/* A callback that asks on its own session, blocking, while a second thread asks as well. */
static atomic_int asked;
static void ask(void *data, haft_event *event) {
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
    CHECK(status_of(data, "/status/201") == 201);
    check_state(data, "ready");
    atomic_fetch_add(&asked, 1);
  }
  haft_event_free(event);
}
static void asking(void) {
  haft_session *session = open_session();
  CHECK(haft_session_subscribe(session, "haft.response", NULL, ask, session, NULL, NULL, NULL) == HAFT_OK);
  for (int k = 0; k < 20; k++) submit(session, "GET", "/status/204", NULL);
  for (int k = 0; k < 20; k++) CHECK(status_of(session, "/status/202") == 202);
  await(&asked, 20);
  leave(session);
}

/* A callback that subscribes: the new subscription's first event comes, pushed and pulled. */
struct nest {
  haft_session *session;
  atomic_int outer, inner, drops;
};
static void inner(void *data, haft_event *event) {
  struct nest *nest = data;
  if (haft_event_kind(event) == HAFT_EVENT_MESSAGE) atomic_fetch_add(&nest->inner, 1);
  haft_event_free(event);
}
static void nest_dropped(void *data) { atomic_fetch_add(&((struct nest *)data)->drops, 1); }
static void outer(void *data, haft_event *event) {
  struct nest *nest = data;
  if (atomic_fetch_add(&nest->outer, 1) == 0) {
    haft_status status =
        haft_session_subscribe(nest->session, "haft.state", NULL, inner, nest, nest_dropped, NULL, NULL);
    CHECK(status == HAFT_OK);
    CHECK(haft_session_subscribe(nest->session, "haft.state", NULL, NULL, nest, nest_dropped, NULL, NULL) == HAFT_OK);
  }
  haft_event_free(event);
}
static void subscribing(void) {
  struct nest nest = {.session = open_session()};
  CHECK(haft_session_subscribe(nest.session, "haft.state", NULL, outer, &nest, nest_dropped, NULL, NULL) == HAFT_OK);
  await(&nest.inner, 1);
  haft_event *event = next_event(nest.session);
  CHECK(haft_event_kind(event) == HAFT_EVENT_MESSAGE && haft_event_user_data(event) == &nest);
  haft_event_free(event);
  leave(nest.session);
  /* Ready and closing for each, and CLOSED is the third of the outer one. */
  CHECK(nest.outer == 3 && nest.inner == 2);
  CHECK(nest.drops == 3);
}

/* A callback that ends the other subscriptions: what was on its way to them is not delivered, each drop runs once, and
 * never before a call that is to come. */
enum { OTHERS = 8 };
struct other {
  uint64_t id;
  atomic_int calls, drops;
};
struct ender {
  haft_session *session;
  struct other others[OTHERS];
  atomic_int calls, drops, done;
};
static void other_called(void *data, haft_event *event) {
  struct other *other = data;
  CHECK(atomic_load(&other->drops) == 0);
  atomic_fetch_add(&other->calls, 1);
  haft_event_free(event);
}
static void other_dropped(void *data) { atomic_fetch_add(&((struct other *)data)->drops, 1); }
static void end_others(void *data, haft_event *event) {
  struct ender *ender = data;
  haft_event_free(event);
  if (atomic_fetch_add(&ender->calls, 1) > 0) return;
  for (int k = 0; k < OTHERS; k++) {
    haft_session_unsubscribe(ender->session, ender->others[k].id);
    haft_session_unsubscribe(ender->session, ender->others[k].id);
    /* On the worker itself no call of another can be running: it is over when unsubscribe returns. */
    CHECK(atomic_load(&ender->others[k].drops) == 1);
  }
  atomic_store(&ender->done, 1);
}
static void ender_dropped(void *data) { atomic_fetch_add(&((struct ender *)data)->drops, 1); }
static void ending_others(void) {
  static struct ender ender;
  ender.session = open_session();
  for (int k = 0; k < OTHERS; k++) {
    struct other *other = &ender.others[k];
    haft_status status = haft_session_subscribe(ender.session, "haft.state", NULL, other_called, other,
                                                other_dropped, &other->id, NULL);
    CHECK(status == HAFT_OK);
    await(&other->calls, 1);
  }
  haft_status status = haft_session_subscribe(ender.session, "haft.state", NULL, end_others, &ender, ender_dropped,
                                              NULL, NULL);
  CHECK(status == HAFT_OK);
  await(&ender.done, 1); /* a close meanwhile would end them first */
  leave(ender.session);
  CHECK(ender.calls == 3 && ender.drops == 1);
  for (int k = 0; k < OTHERS; k++) CHECK(ender.others[k].calls == 1 && ender.others[k].drops == 1);
}

/* A callback that closes and frees another session, and a child that ends its parent. */
struct killer {
  haft_session *victim;
  atomic_int done;
};
static void kill_other(void *data, haft_event *event) {
  struct killer *killer = data;
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
    /* It marks and cancels; CLOSED tells when it is done. */
    CHECK(haft_session_close(killer->victim, NULL, NULL) == HAFT_OK);
    CHECK(haft_session_close(killer->victim, NULL, NULL) == HAFT_OK);
    haft_session_free(killer->victim);
    atomic_fetch_add(&killer->done, 1);
  }
  haft_event_free(event);
}
static void ending_another(void) {
  haft_session *session = open_session();
  struct killer killer = {.victim = open_session()};
  haft_session *kept = haft_session_retain(killer.victim);
  uint64_t stalled = submit(kept, "GET", "/fault/stall", NULL);
  CHECK(haft_session_subscribe(session, "haft.response", NULL, kill_other, &killer, NULL, NULL, NULL) == HAFT_OK);
  submit(session, "GET", "/status/204", NULL);
  expect_answer(kept, stalled, HAFT_E_CANCELLED);
  expect_kind(kept, HAFT_EVENT_CLOSED);
  await(&killer.done, 1);
  leave(session);
  leave(kept);
}
static void ending_the_parent(void) {
  haft_session *parent = open_session(), *child = NULL;
  CHECK(haft_session_attach(parent, "/", NULL, &child, NULL) == HAFT_OK);
  struct killer killer = {.victim = parent};
  haft_session *kept = haft_session_retain(parent);
  uint64_t stalled = submit(parent, "GET", "/fault/stall", NULL);
  CHECK(haft_session_subscribe(child, "haft.response", NULL, kill_other, &killer, NULL, NULL, NULL) == HAFT_OK);
  submit(child, "GET", "/status/204", NULL);
  expect_answer(kept, stalled, HAFT_E_CANCELLED);
  expect_kind(kept, HAFT_EVENT_CLOSED);
  expect_kind(child, HAFT_EVENT_CLOSED);
  await(&killer.done, 1);
  leave(kept);
  leave(child);
}

/* An event that a callback keeps outlives callback, subscription and session. */
static haft_event *_Atomic kept_event;
static void keep_event(void *data, haft_event *event) {
  (void)data;
  if (haft_event_kind(event) == HAFT_EVENT_RESPONSE)
    atomic_store(&kept_event, event);
  else
    haft_event_free(event);
}
static void keeping(void) {
  haft_session *session = open_session();
  CHECK(haft_session_subscribe(session, "haft.response", NULL, keep_event, NULL, NULL, NULL, NULL) == HAFT_OK);
  submit(session, "GET", "/get?kept=yes", NULL);
  for (double end = seconds() + 20; atomic_load(&kept_event) == NULL; sched_yield()) CHECK(seconds() < end);
  leave(session);
  const haft_value *args = haft_value_at(haft_response_value(haft_event_response(kept_event)), "args");
  CHECK_TEXT(haft_value_string(haft_value_at(args, "kept"), NULL), "yes");
  haft_response *taken = haft_event_take_response(kept_event);
  CHECK(taken != NULL && haft_event_response(kept_event) == NULL && haft_event_take_response(kept_event) == NULL);
  haft_event_free(kept_event);
  CHECK(haft_response_status(taken) == 200);
  haft_response_free(taken);
}

/* Many threads subscribe and unsubscribe while answers are pushed: each answer arrives once, by callback or queue, and
 * each drop runs once. */
enum { CHURNERS = 4, TURNS = 50, ANSWERS = 300 };
static atomic_int churn_answers, churn_drops;
static haft_session *churned;
static void churn_callback(void *data, haft_event *event) {
  (void)data;
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_error(event) == NULL);
  haft_event_free(event);
  atomic_fetch_add(&churn_answers, 1);
}
static void *churn(void *data) {
  (void)data;
  for (int k = 0; k < TURNS; k++) {
    uint64_t id = 0;
    haft_status status = haft_session_subscribe(churned, "haft.response", NULL, churn_callback, &churn_drops,
                                                count_atomically, &id, NULL);
    CHECK(status == HAFT_OK);
    sched_yield();
    haft_session_unsubscribe(churned, id);
  }
  return NULL;
}
static void churning(void) {
  pthread_t others[CHURNERS];
  int polled = 0;
  churned = open_session();
  for (int k = 0; k < CHURNERS; k++) start_thread(&others[k], churn, NULL);
  for (int k = 0; k < ANSWERS; k++) submit(churned, "GET", "/status/204", NULL);
  for (double end = seconds() + 60; polled + atomic_load(&churn_answers) < ANSWERS;) {
    haft_event *event = NULL;
    CHECK(haft_session_poll(churned, 10, &event, NULL) == HAFT_OK);
    polled += haft_event_kind(event) == HAFT_EVENT_RESPONSE;
    haft_event_free(event);
    CHECK(seconds() < end);
  }
  for (int k = 0; k < CHURNERS; k++) CHECK(pthread_join(others[k], NULL) == 0);
  leave(churned);
  CHECK(polled + churn_answers == ANSWERS && churn_drops == CHURNERS * TURNS);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  submitting();
  asking();
  subscribing();
  ending_others();
  ending_another();
  ending_the_parent();
  keeping();
  churning();
  CHECK(threads() == 1);
  return 0;
}
