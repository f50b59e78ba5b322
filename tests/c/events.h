/* What the programs about events have in common, beside life.h: counts of what the process holds, and event kinds that
 * are expected. */
#ifndef EVENTS_H
#define EVENTS_H
#include "life.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

static inline int entries(const char *folder) {
  DIR *open = opendir(folder);
  int found = 0;
  CHECK(open != NULL);
  while (readdir(open) != NULL) found++;
  closedir(open);
  return found - 2; /* . and .. */
}
/* Descriptors of the process; the folder's own does not count. */
static inline int descriptors(void) { return entries("/proc/self/fd") - 1; }
/* Threads of the process; `begin` leaves those of a tool that watches it out. */
static int tool_threads;
static inline int threads(void) { return entries("/proc/self/task") - tool_threads; }

static inline void *nothing(void *data) { return data; }

/* Reads the arguments; a program that hangs is ended. */
static inline void begin(int count, char **arguments) {
  CHECK(count > 1);
  server = arguments[1];
  /* Some start theirs with the first thread of the process. */
  pthread_t first;
  CHECK(pthread_create(&first, NULL, nothing, NULL) == 0 && pthread_join(first, NULL) == 0);
  tool_threads = threads() - 1;
  alarm(180);
}

/* Waits until the library's threads and descriptors are gone; nobody tells when a free has had its effect. */
static inline void await_baseline(int baseline) {
  for (double end = seconds() + 60; threads() > 1 || descriptors() > baseline; sched_yield()) CHECK(seconds() < end);
}

/* Memory that is really there, in KiB. */
static inline long resident(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Each call in flight needs a descriptor. */
static inline void many_descriptors(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static inline uint64_t submit(haft_session *session, const char *verb, const char *target, const haft_args *args) {
  uint64_t id = 0;
  haft_error *error = NULL;
  if (haft_session_submit(session, verb, target, args, &id, &error) != HAFT_OK) {
    fprintf(stderr, "%s: %s\n", target ? target : verb, haft_error_message(error));
    exit(1);
  }
  CHECK(id != 0 && error == NULL);
  return id;
}

static inline haft_event *next_event(haft_session *session) {
  haft_event *event = NULL;
  CHECK(haft_session_poll(session, 60000, &event, NULL) == HAFT_OK);
  CHECK(event != NULL);
  return event;
}

/* The next event is the answer of this call, with this status: an HTTP status, or a negative one. */
static inline void expect_answer(haft_session *session, uint64_t id, int status) {
  haft_event *event = next_event(session);
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_id(event) == id);
  const haft_error *failure = haft_event_error(event);
  int found = failure ? haft_error_status(failure) : haft_response_status(haft_event_response(event));
  if (found != status) {
    fprintf(stderr, "%d instead of %d: %s\n", found, status, haft_error_message(failure));
    exit(1);
  }
  haft_event_free(event);
}

static inline void expect_kind(haft_session *session, haft_kind kind) {
  haft_event *event = next_event(session);
  CHECK(haft_event_kind(event) == kind);
  haft_event_free(event);
}

static inline void expect_nothing(haft_session *session) {
  haft_event *event = NULL;
  CHECK(haft_session_poll(session, 0, &event, NULL) == HAFT_OK && event == NULL);
}

static inline void leave(haft_session *session) {
  haft_error *error = NULL;
  if (haft_session_close(session, NULL, &error) != HAFT_OK) {
    fprintf(stderr, "close: %s\n", haft_error_message(error));
    exit(1);
  }
  haft_session_free(session);
}

static inline void start_thread(pthread_t *thread, void *(*run)(void *), void *data) {
  CHECK(pthread_create(thread, NULL, run, data) == 0);
}
#endif
