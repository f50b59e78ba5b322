/* A plug-in that keeps its session and uses it while it is registered: PLUGIN_LOG names the file that it writes what it
 * saw into. */
#include "haft.h"

#include <stdio.h>
#include <stdlib.h>

const uint32_t haft_plugin_version = HAFT_VERSION_NUMBER;

static haft_session *kept;

haft_status haft_plugin_register(haft_session *session, uint32_t version_number, const haft_value *arguments);

haft_status haft_plugin_register(haft_session *session, uint32_t version_number, const haft_value *arguments) {
  haft_response *response = NULL;
  haft_args *args = haft_args_new();
  FILE *log = fopen(getenv("PLUGIN_LOG"), "a");
  haft_status status;
  if (log == NULL) return HAFT_E_IO;
  haft_args_set_bool(args, "first", true);
  status = haft_session_request(session, "query", "select username from User where username is jenkins", args, &response, NULL);
  haft_args_free(args);
  fprintf(log, "good %d %s %s\n", version_number == haft_version_number(),
          haft_value_string(haft_value_at(arguments, "/who"), NULL),
          haft_value_string(haft_value_at(haft_response_value(response), "/username"), NULL));
  fclose(log);
  haft_response_free(response);
  kept = haft_session_retain(session);
  return status;
}

/* The host asks for it in the test. */
haft_session *plugin_kept(void);
haft_session *plugin_kept(void) { return kept; }
