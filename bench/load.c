/* What it costs to begin: load the library, open a session, leave it. One process is one measurement.
 *
 *     load haft|curl LIBRARY BASE
 *
 * Prints wall time and CPU in microseconds as JSON, and for haft the threads after one request to a literal address. */
#define _GNU_SOURCE
#include "haft.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void *find(void *library, const char *name) {
  void *symbol = library ? dlsym(library, name) : NULL;
  if (symbol == NULL) {
    fprintf(stderr, "load: %s\n", dlerror());
    exit(1);
  }
  return symbol;
}

#define FIND(library, name) ((__typeof__(&name))find(library, #name))

static int haft(const char *path, const char *base, int request) {
  void *library = dlopen(path, RTLD_NOW);
  haft_session *session = NULL;
  haft_response *response = NULL;
  if (FIND(library, haft_session_create)(base, NULL, &session, NULL) != HAFT_OK) return 1;
  if (request && FIND(library, haft_session_request)(session, "GET", "/size/10", NULL, &response, NULL) != HAFT_OK) return 1;
  if (request) FIND(library, haft_response_free)(response);
  if (FIND(library, haft_session_close)(session, NULL, NULL) != HAFT_OK) return 1;
  FIND(library, haft_session_free)(session);
  return 0;
}

#undef curl_easy_setopt
static int curl(const char *path, const char *base) {
  void *library = dlopen(path, RTLD_NOW);
  FIND(library, curl_global_init)(CURL_GLOBAL_DEFAULT);
  CURL *easy = FIND(library, curl_easy_init)();
  FIND(library, curl_easy_setopt)(easy, CURLOPT_URL, base);
  FIND(library, curl_easy_cleanup)(easy);
  FIND(library, curl_global_cleanup)();
  return 0;
}

static long threads(void) {
  char line[256];
  long number = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file)) sscanf(line, "Threads: %ld", &number);
  fclose(file);
  return number;
}

int main(int count, char **arguments) {
  if (count < 4) return 2;
  int is_haft = !strcmp(arguments[1], "haft");
  double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  if (is_haft ? haft(arguments[2], arguments[3], 0) : curl(arguments[2], arguments[3])) return 1;
  wall = now(CLOCK_MONOTONIC) - wall;
  cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  if (is_haft && haft(arguments[2], arguments[3], 1)) return 1;
  printf("{\"wall\": %.0f, \"cpu\": %.0f, \"threads\": %ld}\n", wall, cpu, threads());
  return 0;
}
