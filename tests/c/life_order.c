/* Create, attach, retain, close and free in every order; what the parent changes, the child sees. */
#include "life.h"

static haft_session *attach(haft_session *parent, const char *name, const char *json) {
  haft_session *child = NULL;
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, json);
  if (haft_session_attach(parent, name, args, &child, &error) != HAFT_OK) {
    fprintf(stderr, "%s\n", haft_error_message(error));
    exit(1);
  }
  haft_args_free(args);
  return child;
}

static void configure(haft_session *session, const char *json) {
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, json);
  CHECK(haft_session_configure(session, args, NULL) == HAFT_OK);
  haft_args_free(args);
}

/* What the server saw of the header `name`. */
static void sees(haft_session *session, const char *target, const char *pointer, const char *text) {
  haft_response *answer = NULL;
  CHECK(haft_session_request(session, "GET", target, NULL, &answer, NULL) == HAFT_OK);
  CHECK_TEXT(haft_value_string(haft_value_at(haft_response_value(answer), pointer), NULL), text);
  haft_response_free(answer);
}

static void options_are_looked_up_live(void) {
  haft_session *root = open_session();
  configure(root, "{\"params\": {\"a\": \"root\", \"b\": \"root\"}}");
  haft_session *child = attach(root, "/anything/base", "{\"params\": {\"b\": \"child\"}}");
  haft_session *grandchild = attach(child, "deep", "{}");
  sees(child, "x", "/args/a", "root");
  sees(child, "x", "/args/b", "child");
  sees(grandchild, "y", "/args/b", "child");
  configure(root, "{\"params\": {\"a\": \"new\", \"b\": \"new\"}}");
  sees(child, "x", "/args/a", "new");
  sees(child, "x", "/args/b", "child");
  sees(grandchild, "y", "/args/a", "new");
  configure(child, "{\"params\": {\"c\": \"own\"}}");
  sees(child, "x", "/args/c", "own");
  sees(child, "x", "/args/a", "new");
  sees(grandchild, "y", "/args/c", "own");
  configure(root, "{\"params\": {\"c\": \"root\"}}");
  sees(child, "x", "/args/c", "own");
  sees(root, "/anything", "/args/c", "root");
  haft_response *answer = NULL;
  CHECK(haft_session_inspect(child, "url", NULL, &answer, NULL) == HAFT_OK);
  CHECK(strstr(haft_value_string(haft_response_value(answer), NULL), "/anything/base") != NULL);
  haft_response_free(answer);
  haft_session_close(root, NULL, NULL);
  haft_session_free(grandchild);
  haft_session_free(root);
  haft_session_free(child);
}

/* Every order of freeing a root, its child and its grandchild, with and without a close before. */
static void free_in_any_order(void) {
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (int order = 0; order < 6; order++) {
    for (int closed = -1; closed < 3; closed++) {
      haft_session *family[3];
      family[0] = open_session();
      family[1] = attach(family[0], "/", "{}");
      family[2] = attach(family[1], "/", "{}");
      if (closed >= 0) {
        CHECK(haft_session_close(family[closed], NULL, NULL) == HAFT_OK);
        CHECK(haft_session_close(family[closed], NULL, NULL) == HAFT_OK);
        /* Children go with their parent, parents stay. */
        for (int k = 0; k < 3; k++) {
          check_state(family[k], k < closed ? "ready" : "closed");
          CHECK(status_of(family[k], "/status/204") == (k < closed ? 204 : HAFT_E_STATE));
        }
      }
      for (int k = 0; k < 3; k++) {
        haft_session_free(family[orders[order][k]]);
        family[orders[order][k]] = NULL;
        /* Who is left works on, also without its parent. */
        for (int left = 0; left < 3; left++) {
          if (family[left]) CHECK(status_of(family[left], "/status/204") == (closed >= 0 && left >= closed ? HAFT_E_STATE : 204));
        }
      }
    }
  }
}

static void owners_are_counted(void) {
  haft_session *session = open_session();
  CHECK(haft_session_retain(session) == session && haft_session_retain(session) == session);
  haft_session_free(session);
  haft_session_free(session);
  CHECK(status_of(session, "/status/204") == 204);
  haft_session_free(session);
  haft_session_free(NULL);
  CHECK(haft_session_retain(NULL) == NULL);
}

static void closed_is_closed(void) {
  haft_session *session = open_session(), *child = attach(session, "/anything", "{}"), *other = NULL;
  haft_error *error = NULL;
  haft_event *event = NULL;
  haft_args *args = haft_args_new(), *prepared = NULL;
  haft_args_set(args, "timeout", "1h");
  haft_args_set_bool(args, "keep", true);
  CHECK(haft_session_close(session, args, &error) == HAFT_OK && error == NULL);
  haft_args_free(args);
  FAILS(haft_session_request(session, "GET", "/get", NULL, NULL, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_submit(session, "GET", "/get", NULL, NULL, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_stage(session, "GET", "/get", NULL, NULL, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_prepare(session, "GET", "/get", NULL, &prepared, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_commit(session, NULL, NULL, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_rollback(session, NULL, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_configure(session, NULL, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_attach(session, "/x", NULL, &other, &error), HAFT_E_STATE, "closed");
  FAILS(haft_session_subscribe(session, "haft.state", NULL, NULL, NULL, NULL, NULL, &error), HAFT_E_STATE, "closed");
  haft_session *family[2] = {session, child};
  for (int k = 0; k < 2; k++) {
    CHECK(haft_session_poll(family[k], -1, &event, &error) == HAFT_OK && haft_event_kind(event) == HAFT_EVENT_CLOSED);
    haft_event_free(event);
    FAILS(haft_session_poll(family[k], -1, &event, &error), HAFT_E_STATE, "closed");
    CHECK(event == NULL);
  }
  haft_session_cancel(session, 0);
  haft_session_unsubscribe(session, 1);
  haft_session_free(session);
  haft_session_free(child);
}

/* A child of which the events go to the parent: closing it leaves the parent's queue open. */
static void events_of_a_child(void) {
  haft_session *root = open_session(), *child = attach(root, "/", "{\"events\": \"parent\"}"), *wrong = NULL;
  haft_error *error = NULL;
  haft_event *event = NULL;
  haft_args *args = haft_args_new();
  uint64_t id = 0, state = 0;
  haft_args_set(args, "events", "both");
  FAILS(haft_session_attach(root, "/", args, &wrong, &error), HAFT_E_ARGUMENT, "events was \"both\"");
  haft_args_free(args);
  CHECK(haft_session_submit(child, "GET", "/status/204", NULL, &id, NULL) == HAFT_OK);
  CHECK(haft_session_poll(root, -1, &event, NULL) == HAFT_OK && haft_event_id(event) == id);
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_response_status(haft_event_response(event)) == 204);
  haft_event_free(event);
  CHECK(haft_session_subscribe(child, "haft.state", NULL, NULL, child, NULL, &state, NULL) == HAFT_OK);
  CHECK(haft_session_close(child, NULL, NULL) == HAFT_OK);
  static const char *states[3] = {"ready", "closing", "closed"};
  for (int k = 0; k < 3; k++) {
    CHECK(haft_session_poll(root, -1, &event, NULL) == HAFT_OK && haft_event_id(event) == state);
    CHECK_TEXT(haft_value_string(haft_value_at(haft_event_value(event), "state"), NULL), states[k]);
    CHECK_TEXT(haft_event_topic(event), "haft.state");
    CHECK(haft_event_kind(event) == HAFT_EVENT_MESSAGE);
    haft_event_free(event);
  }
  CHECK(haft_session_poll(child, -1, &event, NULL) == HAFT_OK && haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  CHECK(haft_session_submit(root, "GET", "/status/204", NULL, &id, NULL) == HAFT_OK);
  CHECK(haft_session_poll(root, -1, &event, NULL) == HAFT_OK && haft_event_id(event) == id);
  haft_event_free(event);
  CHECK(haft_session_close(root, NULL, NULL) == HAFT_OK);
  haft_session_free(child);
  haft_session_free(root);
}

int main(int count, char **arguments) {
  CHECK(count > 1);
  server = arguments[1];
  options_are_looked_up_live();
  free_in_any_order();
  owners_are_counted();
  closed_is_closed();
  events_of_a_child();
  return 0;
}
