/* How long one request takes: blocking; submitted and heard by a callback; submitted and polled for. They take turns on
 * one session, so that what disturbs one disturbs the others. Each keeps its connection.
 *
 *     latency BASE COUNT
 *
 * Prints, as JSON, the medians in microseconds: from the call to the moment at which the answer is there. */
#define _GNU_SOURCE
#include "haft.h"

#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "latency: %s went wrong\n", what);
  exit(1);
}

struct answer {
  double at;
  sem_t is_there;
};

static void look(const haft_response *response) {
  size_t size;
  must(haft_response_status(response) == 200 && haft_response_body(response, &size)[0] == 'a' && size == 1024, "an answer");
}

static void hear(void *user_data, haft_event *event) {
  struct answer *answer = user_data;
  answer->at = now();
  look(haft_event_response(event));
  haft_event_free(event);
  sem_post(&answer->is_there);
}

static int by_size(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return difference < 0 ? -1 : difference > 0;
}

static double median(double *list, long count) {
  qsort(list, (size_t)count, sizeof *list, by_size);
  return list[count / 2];
}

static double blocking(haft_session *session) {
  haft_response *response = NULL;
  double began = now();
  must(haft_session_request(session, "GET", "/size/1024", NULL, &response, NULL) == HAFT_OK, "request");
  double took = now() - began;
  look(response);
  haft_response_free(response);
  return took;
}

static double polled(haft_session *session) {
  haft_event *event = NULL;
  double began = now();
  must(haft_session_submit(session, "GET", "/size/1024", NULL, NULL, NULL) == HAFT_OK, "submit");
  must(haft_session_poll(session, 60000, &event, NULL) == HAFT_OK && event != NULL, "poll");
  double took = now() - began;
  look(haft_event_response(event));
  haft_event_free(event);
  return took;
}

static double pushed(haft_session *session, struct answer *answer) {
  double began = now();
  must(haft_session_submit(session, "GET", "/size/1024", NULL, NULL, NULL) == HAFT_OK, "submit");
  sem_wait(&answer->is_there);
  return answer->at - began;
}

/* Two sessions: on the one answers are pushed, on the other they are polled for. */
int main(int arguments, char **list) {
  if (arguments < 3) return 2;
  long count = strtol(list[2], NULL, 10);
  double *times[3];
  haft_session *session = NULL, *other = NULL;
  struct answer answer;
  sem_init(&answer.is_there, 0, 0);
  for (int i = 0; i < 3; i++) times[i] = calloc((size_t)count, sizeof(double));
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "timeout", 30);
  must(haft_session_create(list[1], args, &session, NULL) == HAFT_OK, "create");
  must(haft_session_create(list[1], args, &other, NULL) == HAFT_OK, "create");
  haft_args_free(args);
  must(haft_session_subscribe(session, "haft.response", NULL, hear, &answer, NULL, NULL, NULL) == HAFT_OK, "subscribe");
  for (long i = -20; i < count; i++) {
    double took[3] = {blocking(other), pushed(session, &answer), polled(other)};
    for (int mode = 0; i >= 0 && mode < 3; mode++) times[mode][i] = took[mode];
  }
  printf("{\"blocking\": %.2f, \"pushed\": %.2f, \"polled\": %.2f}\n", median(times[0], count), median(times[1], count),
         median(times[2], count));
  must(haft_session_close(session, NULL, NULL) == HAFT_OK && haft_session_close(other, NULL, NULL) == HAFT_OK, "close");
  haft_session_free(session);
  haft_session_free(other);
  return 0;
}
