/* Subscriptions let go of user_data exactly once, on every path. No server is needed: the topics are the library's. */
#include "check.h"

struct told {
  int drops, events;
  haft_kind last;
};
static void drop_told(void *data) { ((struct told *)data)->drops++; }
static void take(void *data, haft_event *event) {
  struct told *told = data;
  told->events++;
  told->last = haft_event_kind(event);
  CHECK(told->drops == 0 && haft_event_user_data(event) == data);
  haft_event_free(event);
}
/* Ends what it is part of, from inside. */
static void leave(void *data, haft_event *event) {
  haft_event_free(event);
  (void)data;
}

int main(void) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  haft_event *event = NULL;
  uint64_t id = 0;
  CHECK(haft_session_create("http://127.0.0.1:9", NULL, &session, &error) == HAFT_OK);

  /* Refused: no such topic, a NULL topic, mistaken arguments; pushed and pulled. */
  struct told told = {0};
  haft_status status = haft_session_subscribe(session, "haft.nothing", NULL, take, &told, drop_told, &id, &error);
  CHECK(status != HAFT_OK && error != NULL && id == 0 && told.drops == 1);
  haft_error_free(error);
  FAILS(haft_session_subscribe(session, NULL, NULL, NULL, &told, drop_told, &id, &error), HAFT_E_ARGUMENT, "`topic`");
  CHECK(told.drops == 2);
  haft_args *args = haft_args_new();
  haft_args_set(args, "queue_max", "\xff");
  FAILS(haft_session_subscribe(session, "haft.state", args, leave, &told, drop_told, NULL, &error), HAFT_E_ARGUMENT, "");
  CHECK(told.drops == 3 && told.events == 0);
  haft_args_free(args);

  /* Pulled: unsubscribe lets go; a second one finds nothing. */
  struct told pulled = {0};
  CHECK(haft_session_subscribe(session, "haft.state", NULL, NULL, &pulled, drop_told, &id, &error) == HAFT_OK && id != 0);
  CHECK(pulled.drops == 0);
  haft_session_unsubscribe(session, id);
  CHECK(pulled.drops == 1);
  haft_session_unsubscribe(session, id);
  haft_session_unsubscribe(session, 12345);
  CHECK(pulled.drops == 1);

  /* Pulled and left to the session: its end comes with the last owner and the last event, whichever is later. */
  struct told kept = {0};
  CHECK(haft_session_subscribe(session, "haft.state", NULL, NULL, &kept, drop_told, &id, &error) == HAFT_OK);
  /* Pushed: the last event is CLOSED. */
  struct told pushed = {0};
  CHECK(haft_session_subscribe(session, "haft.state", NULL, take, &pushed, drop_told, NULL, &error) == HAFT_OK);
  haft_session *second = haft_session_retain(session);
  CHECK(second == session);
  CHECK(haft_session_close(session, NULL, &error) == HAFT_OK && haft_session_close(second, NULL, &error) == HAFT_OK);
  CHECK(pushed.events >= 1 && pushed.last == HAFT_EVENT_CLOSED);
  int closed = 0;
  for (;;) {
    status = haft_session_poll(session, 0, &event, &error);
    if (status != HAFT_OK || event == NULL) break;
    closed += haft_event_kind(event) == HAFT_EVENT_CLOSED;
    if (haft_event_id(event) == id) CHECK(haft_event_user_data(event) == &kept && kept.drops == 0);
    haft_event_free(event);
  }
  CHECK(closed >= 1 && status == HAFT_E_STATE && event == NULL);
  haft_error_free(error);
  error = NULL;
  haft_session_free(session);
  CHECK(kept.drops == 0);
  haft_session_free(second);
  CHECK(kept.drops == 1 && pushed.drops == 1 && told.drops == 3 && pulled.drops == 1);
  return 0;
}
