/* 54_janus_admin: what a server is set to and whom it serves, by its admin interface. Usage: 54_janus_admin [URL ADMIN_URL SECRET] */
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

static long long number(const haft_value *value, const char *pointer) {
  return (long long)haft_value_int(haft_value_at(value, pointer), 0);
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
  const char *at = argc > 2 ? argv[2] : getenv("HAFT_DEMO_JANUS_ADMIN");
  const char *secret = argc > 3 ? argv[3] : getenv("HAFT_DEMO_JANUS_ADMIN_SECRET");
  char url[256], json[256];
  haft_session *session = NULL, *echo = NULL, *nobody = NULL, *admin = NULL;
  snprintf(url, sizeof url, "janus+%s", server != NULL ? server : "ws://127.0.0.1:8188/");

  /* Somebody whom the server serves. */
  check(haft_session_create(url, NULL, &session, &error));
  check(haft_session_attach(session, "janus.plugin.echotest", NULL, &echo, &error));

  /* A lazy session opens nothing by itself: the admin interface needs none of it. */
  haft_args *args = haft_args_new();
  haft_args_set_bool(args, "lazy", true);
  check(haft_session_create(url, args, &nobody, &error));
  haft_args_free(args);
  args = haft_args_new();
  haft_args_set(args, "admin_url", at != NULL ? at : "http://127.0.0.1:7088/admin");
  haft_args_set(args, "admin_secret", secret != NULL ? secret : "janusoverlord");
  check(haft_session_attach(nobody, "admin", args, &admin, &error));
  haft_args_free(args);

  haft_response *status = ask(admin, "get_status", "{}");
  printf("sessions end after %lld silent seconds\n", number(haft_response_value(status), "/status/session_timeout"));
  haft_response_free(status);

  /* Whose sessions there are, and what their handles do. */
  haft_response *sessions = ask(admin, "list_sessions", "{}");
  const haft_value *list = haft_value_at(haft_response_value(sessions), "/sessions");
  int seen = 0;
  for (size_t which = 0; which < haft_value_count(list); which++) {
    long long id = (long long)haft_value_int(haft_value_item(list, which, NULL), 0);
    snprintf(json, sizeof json, "{\"session_id\": %lld}", id);
    haft_response *handles = ask(admin, "list_handles", json);
    long long handle = number(haft_response_value(handles), "/handles/0");
    haft_response_free(handles);
    if (handle == 0) continue;
    snprintf(json, sizeof json, "{\"session_id\": %lld, \"handle_id\": %lld, \"plugin_only\": true}", id, handle);
    haft_response *info = ask(admin, "handle_info", json);
    printf("session %lld: %s by %s\n", id, text(haft_response_value(info), "/info/plugin"),
           text(haft_response_value(info), "/info/session_transport"));
    seen += strcmp(text(haft_response_value(info), "/info/plugin"), "janus.plugin.echotest") == 0;
    haft_response_free(info);
  }
  haft_response_free(sessions);

  /* A plugin is asked without a handle. */
  haft_response *rooms = ask(admin, "message_plugin", "{\"plugin\": \"janus.plugin.videoroom\", \"request\": {\"request\": \"list\"}}");
  printf("%zu rooms\n", haft_value_count(haft_value_at(haft_response_value(rooms), "/response/list")));
  haft_response_free(rooms);

  /* A slip is found here; a wrong secret by the server, and it is in no message. */
  haft_status slip = haft_session_request(admin, "get_statsu", NULL, NULL, NULL, &error);
  printf("%s: %s\n", haft_status_name(slip), haft_error_message(error));
  haft_error_free(error);
  args = haft_args_new();
  haft_args_set(args, "admin_secret", "guessed");
  check(haft_session_configure(admin, args, &error));
  haft_args_free(args);
  haft_status denied = haft_session_request(admin, "list_sessions", NULL, NULL, NULL, &error);
  printf("%s: %s\n", haft_status_name(denied), haft_error_message(error));
  haft_error_free(error);

  check(haft_session_close(admin, NULL, &error));
  check(haft_session_close(nobody, NULL, &error));
  check(haft_session_close(session, NULL, &error));
  haft_session_free(admin);
  haft_session_free(nobody);
  haft_session_free(echo);
  haft_session_free(session);
  return seen > 0 && slip == HAFT_E_UNSUPPORTED && denied == HAFT_E_AUTH ? EXIT_SUCCESS : EXIT_FAILURE;
}
