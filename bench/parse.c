/* From the bytes of an answer to readable values, and letting them go.
 *
 *     parse BASE TIMES
 *
 * Prints the CPU of each parse in microseconds, and in KiB what the first one added to resident memory, as JSON. */
#include "haft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static long cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static long resident(void) {
  char line[256];
  long number = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %ld", &number);
  fclose(file);
  return number;
}

int main(int count, char **arguments) {
  haft_session *session = NULL;
  long added = 0, times = count > 2 ? strtol(arguments[2], NULL, 10) : 1;
  if (count < 2 || haft_session_create(arguments[1], NULL, &session, NULL) != HAFT_OK) return 1;
  printf("{\"cpu\": [");
  for (long i = 0; i < times; i++) {
    haft_response *response = NULL;
    if (haft_session_request(session, "GET", "/document", NULL, &response, NULL) != HAFT_OK) return 1;
    long before = resident(), began = cpu();
    const haft_value *value = haft_response_value(response);
    long parsed = cpu() - began;
    if (i == 0) added = resident() - before;
    if (haft_value_count(haft_value_at(value, "/data")) != 20000 ||
        strncmp(haft_value_string(haft_value_at(value, "/data/19999/name"), NULL), "shot_", 5) != 0)
      return 1;
    began = cpu();
    haft_response_free(response);
    printf("%s%ld", i ? ", " : "", parsed + cpu() - began);
  }
  printf("], \"added\": %ld}\n", added);
  haft_session_free(session);
  return 0;
}
