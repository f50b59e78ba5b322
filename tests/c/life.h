/* What the programs about a session's life have in common. argv[1] is the URL of the sandbox. */
#ifndef LIFE_H
#define LIFE_H
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static const char *server;

static inline haft_session *open_session(void) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  if (haft_session_create(server, NULL, &session, &error) != HAFT_OK) {
    fprintf(stderr, "%s: %s\n", server, haft_error_message(error));
    exit(1);
  }
  return session;
}

static inline double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + time.tv_nsec / 1e9;
}

static inline void count_atomically(void *count) { atomic_fetch_add((atomic_int *)count, 1); }

/* Waits for a number that another thread raises. */
static inline void await(atomic_int *number, int wanted) {
  for (double end = seconds() + 20; atomic_load(number) < wanted; sched_yield()) CHECK(seconds() < end);
}

/* Waits until the session has so many calls in flight. */
static inline void await_in_flight(haft_session *session, int64_t wanted) {
  for (double end = seconds() + 20;; sched_yield()) {
    haft_response *stats = NULL;
    CHECK(haft_session_inspect(session, "stats", NULL, &stats, NULL) == HAFT_OK);
    int64_t count = haft_value_int(haft_value_at(haft_response_value(stats), "in_flight"), -1);
    haft_response_free(stats);
    if (count >= wanted) return;
    CHECK(seconds() < end);
  }
}

static inline void check_state(haft_session *session, const char *state) {
  haft_response *answer = NULL;
  CHECK(haft_session_inspect(session, "state", NULL, &answer, NULL) == HAFT_OK);
  CHECK_TEXT(haft_value_string(haft_response_value(answer), NULL), state);
  haft_response_free(answer);
}

static inline int status_of(haft_session *session, const char *target) {
  haft_response *answer = NULL;
  haft_error *error = NULL;
  haft_status status = haft_session_request(session, "GET", target, NULL, &answer, &error);
  CHECK((status == HAFT_OK) == (error == NULL) && (status == HAFT_OK) == (answer != NULL));
  int number = status == HAFT_OK ? haft_response_status(answer) : status;
  haft_error_free(error);
  haft_response_free(answer);
  return number;
}
#endif
