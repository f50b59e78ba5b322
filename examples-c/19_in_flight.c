/* 19_in_flight: ten thousand requests in flight on one session, and two threads. Usage: 19_in_flight [URL [COUNT]] */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { REQUESTS = 10000, SPARE = 200 };

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Memory that is really there, in KiB. */
static long resident(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  if (file != NULL) fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Each request over HTTP/1.1 needs a connection, each connection a descriptor: as many as the system allows. */
static int allowed(int wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > (rlim_t)wanted + SPARE) return wanted;
  return limit.rlim_cur > SPARE ? (int)limit.rlim_cur - SPARE : 1;
}

static long in_flight(haft_session *session) {
  haft_response *stats = NULL;
  haft_error *error = NULL;
  check(haft_session_inspect(session, "stats", NULL, &stats, &error), &error);
  long count = (long)haft_value_int(haft_value_at(haft_response_value(stats), "in_flight"), 0);
  haft_response_free(stats);
  return count;
}

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP");
  const char *wanted = argc > 2 ? argv[2] : getenv("HAFT_DEMO_COUNT");
  int count = allowed(wanted ? atoi(wanted) : REQUESTS), answers = 0;
  char *seen = calloc((size_t)count + 1, 1);
  haft_session *session = NULL;
  haft_error *error = NULL;

  haft_args *args = haft_args_new();
  haft_args_set_int(args, "pool_maxsize", count); /* connections that are kept, so that a second round needs none */
  check(haft_session_create(url, args, &session, &error), &error);
  haft_args_free(args);

  long before = resident();
  double began = now();
  args = haft_args_new();
  for (int i = 1; i <= count; i++) {
    haft_args_set_int(args, "id", i); /* a number of our own, which comes back with the answer */
    check(haft_session_submit(session, "GET", "/delay/2", args, NULL, &error), &error);
  }
  haft_args_free(args);
  double submitted = now();
  long most = in_flight(session), memory = 0;

  while (answers < count) {
    haft_event *event = NULL;
    check(haft_session_poll(session, 30000, &event, &error), &error);
    if (event == NULL) return EXIT_FAILURE; /* half a minute of nothing */
    if (memory == 0) memory = resident() - before; /* all of them wait until the first is answered */
    if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      uint64_t id = haft_event_id(event);
      const haft_error *failure = haft_event_error(event);
      if (failure != NULL) fprintf(stderr, "%s\n", haft_error_message(failure));
      if (failure != NULL || haft_response_status(haft_event_response(event)) != 200) return EXIT_FAILURE;
      if (id < 1 || id > (uint64_t)count || seen[id]++) return EXIT_FAILURE; /* each exactly once */
      answers++;
    }
    haft_event_free(event);
  }
  double ended = now();
  printf("%d requests submitted in %.2f s, %ld of them in flight at once\n", count, submitted - began, most);
  printf("%d answers after %.2f s, of which the server took 2\n", answers, ended - began);
  printf("%.1f KiB for each request in flight\n", (double)memory / count);
  check(haft_session_close(session, NULL, &error), &error);
  haft_session_free(session);
  free(seen);
  return most > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
