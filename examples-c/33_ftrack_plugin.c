/* 33_ftrack_plugin: a plug-in, and a host that brings it along. Usage: 33_ftrack_plugin [URL]
 *
 * As a shared object it is found in a directory of plugin_paths:
 *   cc -shared -fPIC 33_ftrack_plugin.c -o plugins/hello.so $(pkg-config --cflags --libs haft)
 * Here the host hands it over itself, as the option "plugin". */
#include <haft.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the plug-in ------------------------------------------------------------------------------------------- */

/* A library that is older, or too new, does not call what follows. */
extern const uint32_t haft_plugin_version;
const uint32_t haft_plugin_version = HAFT_VERSION_NUMBER;

haft_status haft_plugin_register(haft_session *session, uint32_t version_number, const haft_value *arguments);

/* The session is new, and everything can be done with it: ask, change, subscribe. Who wants it later retains it. */
haft_status haft_plugin_register(haft_session *session, uint32_t version_number, const haft_value *arguments) {
  haft_response *response = NULL;
  haft_status status;
  haft_args *args = haft_args_new();
  haft_args_set_bool(args, "first", true);
  haft_args_set(args, "bind.user", haft_value_string(haft_value_at(arguments, "/user"), NULL));
  status = haft_session_request(session, "query", "select first_name from User where username is {user}", args, &response, NULL);
  haft_args_free(args);
  if (status == HAFT_OK)
    printf("plug-in: hello %s, this is version %u.%u\n",
           haft_value_string(haft_value_at(haft_response_value(response), "/first_name"), NULL),
           (unsigned)(version_number >> 16), (unsigned)(version_number >> 8 & 0xff));
  haft_response_free(response);
  return status; /* anything but HAFT_OK leaves the plug-in out, and the session goes on */
}

/* ---- the host ---------------------------------------------------------------------------------------------- */

static haft_status bring(void *user_data, const haft_value *call, haft_args *reply) {
  const haft_value *given = haft_value_at(call, "/arguments");
  haft_session *session = (haft_session *)(intptr_t)haft_value_int(haft_value_at(given, "/session"), 0);
  (void)user_data, (void)reply;
  return haft_plugin_register(session, (uint32_t)haft_value_int(haft_value_at(given, "/version_number"), 0),
                              haft_value_at(given, "/arguments"));
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  char url[512];
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_FTRACK");
  haft_args *args = haft_args_new();

  snprintf(url, sizeof url, "ftrack+%s", server != NULL ? server : "");
  haft_args_set(args, "api_user", "jenkins"); /* the sandbox's; otherwise FTRACK_API_USER and FTRACK_API_KEY */
  haft_args_set(args, "api_key", "secret-key");
  haft_args_set_json(args, "plugin_arguments", "{\"user\": \"jenkins\"}");
  haft_args_set_json(args, "plugin_paths", "[\"/usr/lib/hello/plugins\"]"); /* what is not there is told in the log */
  haft_args_set_provider(args, "plugin", bring, NULL, NULL);
  if (haft_session_create(url, args, &session, &error) != HAFT_OK) {
    fprintf(stderr, "%s: %s\n", haft_status_name(haft_error_status(error)), haft_error_message(error));
    return EXIT_FAILURE;
  }
  haft_args_free(args);
  printf("host: the session is open\n");
  haft_session_close(session, NULL, NULL);
  haft_session_free(session);
  return EXIT_SUCCESS;
}
