/* 50_janus_echo: a plugin handle, a message and its answer; events out of the queue. Usage: 50_janus_echo [URL] */
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

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_JANUS");
  char url[256];
  haft_session *session = NULL, *echo = NULL;
  haft_response *response = NULL;
  haft_event *event = NULL;
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");
  check(haft_session_create(url, NULL, &session, &error));
  check(haft_session_request(session, "info", NULL, NULL, &response, &error));
  printf("%s %s\n", text(haft_response_value(response), "/name"), text(haft_response_value(response), "/version_string"));
  haft_response_free(response);

  check(haft_session_attach(session, "janus.plugin.echotest", NULL, &echo, &error));
  check(haft_session_subscribe(echo, "*", NULL, NULL, NULL, NULL, NULL, &error));

  /* The server takes it at once (an ack) and answers by an event: here that is one call and its value. */
  haft_args *args = haft_args_new();
  haft_args_set_bool(args, "audio", true);
  haft_args_set_int(args, "bitrate", 64000);
  check(haft_session_request(echo, "echo", NULL, args, &response, &error));
  printf("echo: %s\n", text(haft_response_value(response), "/result"));
  haft_response_free(response);

  /* A slip is found before anything is sent, and names what was meant. */
  haft_args_set_int(args, "bitrat", 64000);
  haft_status slip = haft_session_request(echo, "echo", NULL, args, &response, &error);
  printf("%s: %s\n", haft_status_name(slip), haft_error_message(error));
  haft_error_free(error);
  haft_args_free(args);

  /* What the plugin refuses is an error too, with its own number and words. */
  args = haft_args_new();
  haft_args_set_json(args, "body", "{\"nothing\": \"of interest\"}");
  haft_status refused = haft_session_request(echo, "message", NULL, args, &response, &error);
  const haft_value *number = haft_value_at(haft_error_detail(error), "/server_code");
  printf("%s: %lld, %s\n", haft_status_name(refused), (long long)haft_value_int(number, 0), haft_error_message(error));
  haft_error_free(error);
  haft_args_free(args);

  /* What nobody asked for comes as an event: the handle is detached, and its last event is CLOSED. */
  check(haft_session_request(echo, "detach", NULL, NULL, &response, &error));
  haft_response_free(response);
  int detached = 0, closed = 0;
  while (!closed) {
    check(haft_session_poll(echo, 10000, &event, &error));
    if (event == NULL) return EXIT_FAILURE; /* ten seconds of nothing */
    if (haft_event_kind(event) == HAFT_EVENT_MESSAGE) {
      printf("event: %s\n", text(haft_event_value(event), "/janus"));
      detached += strcmp(text(haft_event_value(event), "/janus"), "detached") == 0;
    }
    closed = haft_event_kind(event) == HAFT_EVENT_CLOSED;
    haft_event_free(event);
  }
  check(haft_session_close(session, NULL, &error));
  haft_session_free(echo);
  haft_session_free(session);
  return slip == HAFT_E_ARGUMENT && refused == HAFT_E_REMOTE && detached == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
