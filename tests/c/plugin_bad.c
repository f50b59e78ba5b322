/* Plug-ins that fail, each in the way that is chosen when it is compiled. */
#include "haft.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef WRONG_VERSION
const uint32_t haft_plugin_version = HAFT_VERSION_NUMBER + 0x10000;
#endif

#ifndef NOTHING
haft_status haft_plugin_register(haft_session *session, uint32_t version_number, const haft_value *arguments);

haft_status haft_plugin_register(haft_session *session, uint32_t version_number, const haft_value *arguments) {
  FILE *log = fopen(getenv("PLUGIN_LOG"), "a");
  (void)session, (void)version_number, (void)arguments;
  fprintf(log, "bad\n");
  fclose(log);
  return HAFT_E_REMOTE;
}
#else
int nothing_to_see;
#endif
