/* 51_janus_push: requests that do not wait, and events by callback. Usage: 51_janus_push [URL]
 *
 * Callbacks run on the session's worker, one at a time: what they share with main needs no lock among themselves. Here
 * main waits until they have done their work. */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGES = 8 };

struct seen {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int answers, joined, ended;
};

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_value *value, const char *pointer) {
  return haft_value_string(haft_value_at(value, pointer), NULL);
}

/* Answers to what was submitted, and messages of the plugin. */
static void hear(void *user_data, haft_event *event) {
  struct seen *seen = user_data;
  pthread_mutex_lock(&seen->lock);
  switch (haft_event_kind(event)) {
  case HAFT_EVENT_RESPONSE:
    if (haft_event_error(event) != NULL) {
      printf("%s: %s\n", haft_event_topic(event), haft_error_message(haft_event_error(event)));
    } else {
      seen->answers++;
    }
    break;
  case HAFT_EVENT_MESSAGE:
    printf("somebody joined: %s\n", text(haft_event_value(event), "/plugindata/data/joining/display"));
    seen->joined++;
    break;
  default: /* kinds of later versions */
    break;
  }
  pthread_cond_signal(&seen->changed);
  pthread_mutex_unlock(&seen->lock);
  haft_event_free(event);
}

/* Nothing uses `seen` any more: the subscription has ended. */
static void gone(void *user_data) {
  struct seen *seen = user_data;
  pthread_mutex_lock(&seen->lock);
  seen->ended++;
  pthread_cond_signal(&seen->changed);
  pthread_mutex_unlock(&seen->lock);
}

/* Waits until a count has come so far, for ten seconds at the most. */
static void until(struct seen *seen, const int *count, int wanted) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 10;
  pthread_mutex_lock(&seen->lock);
  while (*count < wanted) {
    if (pthread_cond_timedwait(&seen->changed, &seen->lock, &end) != 0) exit(EXIT_FAILURE);
  }
  pthread_mutex_unlock(&seen->lock);
}

static haft_response *ask(haft_session *session, const char *verb, const char *json) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  haft_args_set_json(args, NULL, json);
  check(haft_session_request(session, verb, NULL, args, &response, &error));
  haft_args_free(args);
  return response;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  static struct seen seen = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};
  char url[256], json[128];
  haft_session *session = NULL, *room = NULL, *guest = NULL;
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  check(haft_session_create(url, NULL, &session, &error));
  check(haft_session_attach(session, "janus.plugin.videoroom", NULL, &room, &error));
  check(haft_session_attach(session, "janus.plugin.videoroom", NULL, &guest, &error));
  check(haft_session_subscribe(room, "haft.response", NULL, hear, &seen, gone, NULL, &error));

  /* Requests are on their way side by side, and what each brings is its own. */
  for (int at = 0; at < MESSAGES; at++) check(haft_session_submit(room, "list", NULL, NULL, NULL, &error));
  until(&seen, &seen.answers, MESSAGES);
  printf("%d answers by callback\n", seen.answers);

  /* An event by its name: who comes into the room. */
  haft_response *made = ask(room, "create", "{\"notify_joining\": true}");
  long long id = (long long)haft_value_int(haft_value_at(haft_response_value(made), "/room"), 0);
  haft_response_free(made);
  check(haft_session_subscribe(room, "event:joining", NULL, hear, &seen, gone, NULL, &error));
  snprintf(json, sizeof json, "{\"room\": %lld, \"ptype\": \"publisher\", \"display\": \"the host\"}", id);
  haft_response_free(ask(room, "join", json));
  snprintf(json, sizeof json, "{\"room\": %lld, \"ptype\": \"publisher\", \"display\": \"the guest\"}", id);
  haft_response_free(ask(guest, "join", json));
  until(&seen, &seen.joined, 1);
  snprintf(json, sizeof json, "{\"room\": %lld}", id);
  haft_response_free(ask(guest, "destroy", json));

  check(haft_session_close(session, NULL, &error));
  haft_session_free(guest);
  haft_session_free(room);
  haft_session_free(session);
  until(&seen, &seen.ended, 2);
  return seen.answers == MESSAGES && seen.joined == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
