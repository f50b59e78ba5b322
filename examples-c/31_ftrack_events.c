/* 31_ftrack_events: hear what happens on the server, ask others, and answer them. Usage: 31_ftrack_events [URL USER KEY] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_value *value, const char *pointer) {
  return haft_value_string(haft_value_at(value, pointer), NULL);
}

static haft_response *ask(haft_session *session, const char *verb, const char *target, const char *json) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  haft_args_set_json(args, NULL, json);
  check(haft_session_request(session, verb, target, args, &response, &error));
  haft_args_free(args);
  return response;
}

static haft_session *open_session(char **argv, int argc) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_FTRACK");
  char url[512];
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  snprintf(url, sizeof url, "ftrack+%s", server != NULL ? server : "");
  haft_args_set(args, "api_user", argc > 2 ? argv[2] : getenv("HAFT_DEMO_FTRACK_USER"));
  haft_args_set(args, "api_key", argc > 3 ? argv[3] : getenv("HAFT_DEMO_FTRACK_KEY"));
  haft_args_set_bool(args, "schema_cache_path", false);
  check(haft_session_create(url, args, &session, &error));
  haft_args_free(args);
  return session;
}

/* Runs on the session's worker for each event of the subscription: what goes into `reply` is published as the answer. */
static haft_status launch(void *user_data, const haft_value *call, haft_args *reply) {
  const haft_value *event = haft_value_at(call, "/arguments/event");
  int *asked = user_data;
  ++*asked;
  printf("asked to launch %s by %s\n", text(event, "/data/application"), text(event, "/source/user/username"));
  haft_args_set_bool(reply, "success", true);
  haft_args_set(reply, "message", "it starts");
  return HAFT_OK;
}

int main(int argc, char **argv) {
  haft_session *here = open_session(argv, argc), *there = open_session(argv, argc);
  int asked = 0;
  char topic[128], json[256];

  /* Subscriptions are expressions over events. One answers, the other waits in the queue. */
  haft_args *args = haft_args_new();
  haft_args_set_provider(args, "answer", launch, &asked, NULL);
  check(haft_session_subscribe(here, "topic=demo.launch and data.application=maya*", args, NULL, NULL, NULL, NULL, &error));
  haft_args_free(args);
  haft_response *task = ask(here, "query", "select name from Task", "{\"first\": true}");
  const char *id = text(haft_response_value(task), "/id");
  check(haft_session_subscribe(here, "topic=ftrack.update", NULL, NULL, NULL, NULL, NULL, &error));

  /* The hub tells the server what is wanted, and is connected again whenever it is lost. */
  haft_response_free(ask(here, "connect", NULL, "{}"));
  haft_response_free(ask(there, "connect", NULL, "{}"));
  /* The server takes what a session says in order: once it has this, it has the subscriptions. */
  haft_response_free(ask(here, "publish", "demo.ready", "{}"));

  /* Somebody else asks, and has what the first one answers within five seconds. */
  haft_response *replies = ask(there, "publish", "demo.launch",
                               "{\"data\": {\"application\": \"maya_2026\"}, \"replies\": {\"count\": 1, \"timeout\": 5}}");
  const char *message = text(haft_response_value(replies), "/0/data/message");
  printf("the answer: %s\n", message);
  int right = strcmp(message, "it starts") == 0 && asked == 1;
  haft_response_free(replies);

  /* Somebody else changes a task, and this session hears of it. */
  snprintf(topic, sizeof topic, "Task/%s", id);
  snprintf(json, sizeof json, "{\"data\": {\"name\": \"%s\"}}", "renamed elsewhere");
  haft_response_free(ask(there, "update", topic, json));
  int heard = 0;
  while (!heard) {
    haft_event *event = NULL;
    check(haft_session_poll(here, 10000, &event, &error));
    if (event == NULL) break; /* ten seconds of nothing */
    if (haft_event_kind(event) == HAFT_EVENT_MESSAGE) {
      const haft_value *change = haft_value_at(haft_event_value(event), "/data/entities/0");
      heard = strcmp(text(change, "/entityId"), id) == 0;
      printf("%s of a %s: name was \"%s\" and is \"%s\"\n", text(change, "/action"), text(change, "/entity_type"),
             text(change, "/changes/name/old"), text(change, "/changes/name/new"));
    }
    haft_event_free(event);
  }

  /* As it was, for whoever runs this again. */
  snprintf(json, sizeof json, "{\"data\": {\"name\": \"%s\"}}", text(haft_response_value(task), "/name"));
  haft_response_free(ask(there, "update", topic, json));
  haft_response_free(task);
  check(haft_session_close(here, NULL, &error));
  check(haft_session_close(there, NULL, &error));
  haft_session_free(here);
  haft_session_free(there);
  return right && heard ? EXIT_SUCCESS : EXIT_FAILURE;
}
