/* Janus through haft: janus URL ping|window|message|sessions|crowd|negotiate COUNT [ORDER], with the modes and figures of
 * janus_bare.rs. `sessions` is one thread that makes them one after the other, `crowd` the same by 16 threads. */
#define _GNU_SOURCE
#include "haft.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WINDOW 256
#define NEGOTIATIONS 16
#define MAKERS 16

static haft_error *error;

static void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "janus: %s: %s\n", what, error ? haft_error_message(error) : "not as it should be");
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

static void ping(haft_session *session, long count) {
  double *times = calloc((size_t)count, sizeof *times);
  must(times != NULL, "memory");
  for (long at = -100; at < count; at++) {
    haft_response *response = NULL;
    double began = now();
    must(haft_session_request(session, "ping", NULL, NULL, &response, &error) == HAFT_OK, "ping");
    if (at >= 0) times[at] = (now() - began) * 1e6;
    haft_response_free(response);
  }
  qsort(times, (size_t)count, sizeof *times, by_size);
  printf("{\"p50\": %.2f, \"p99\": %.2f}\n", times[count / 2], times[count * 99 / 100]);
  free(times);
}

struct flight {
  sem_t room;
  atomic_long answered;
};

static void hear(void *user_data, haft_event *event) {
  struct flight *flight = user_data;
  const haft_response *response = haft_event_response(event);
  must(response != NULL && haft_response_value(response) != NULL, "an answer");
  haft_event_free(event);
  atomic_fetch_add(&flight->answered, 1);
  sem_post(&flight->room);
}

/* So many requests with WINDOW of them in flight, answers to a callback. */
static void windowed(haft_session *session, const char *verb, const haft_args *args, long count) {
  struct flight flight = {0};
  sem_init(&flight.room, 0, WINDOW);
  must(haft_session_subscribe(session, "haft.response", NULL, hear, &flight, NULL, NULL, &error) == HAFT_OK, "subscribe");
  double began = now();
  for (long at = 0; at < count; at++) {
    sem_wait(&flight.room);
    must(haft_session_submit(session, verb, NULL, args, NULL, &error) == HAFT_OK, verb);
  }
  for (int at = 0; at < WINDOW; at++) sem_wait(&flight.room);
  must(flight.answered == count, "the count");
  printf("{\"per_second\": %.0f}\n", (double)count / (now() - began));
}

static haft_session *attach(haft_session *session, const char *name) {
  haft_session *child = NULL;
  must(haft_session_attach(session, name, NULL, &child, &error) == HAFT_OK, name);
  return child;
}

static void message(haft_session *session, long count) {
  haft_session *handle = attach(session, "janus.plugin.echotest");
  haft_args *args = haft_args_new();
  haft_args_set_json(args, "body", "{\"audio\": true}");
  windowed(handle, "message", args, count);
  haft_args_free(args);
  haft_session_free(handle);
}

struct making {
  haft_session *session, **made;
  atomic_long next;
  long count;
};

static void *maker(void *data) {
  struct making *all = data;
  for (long at; (at = atomic_fetch_add(&all->next, 1)) < all->count;) all->made[at] = attach(all->session, "session");
  return NULL;
}

static void sessions(haft_session *session, long count, int makers) {
  haft_session **made = calloc((size_t)count, sizeof *made);
  must(made != NULL, "memory");
  double began = now();
  struct making all = {.session = session, .made = made, .count = count};
  pthread_t threads[MAKERS];
  for (int at = 1; at < makers; at++) must(pthread_create(&threads[at], NULL, maker, &all) == 0, "a thread");
  maker(&all);
  for (int at = 1; at < makers; at++) pthread_join(threads[at], NULL);
  double took = (now() - began) * 1e3;
  long kept = 0;
  for (long at = 0; at < count; at++) kept += haft_session_request(made[at], "keepalive", NULL, NULL, NULL, &error) == HAFT_OK;
  printf("{\"took\": %.2f, \"kept\": %ld}\n", took, kept);
  fflush(stdout);
  for (long at = 0; at < count; at++) haft_session_free(made[at]);
  free(made);
}

struct negotiating {
  haft_session *session;
  const char *order;
  atomic_long left, answered;
};

static void *negotiator(void *data) {
  struct negotiating *all = data;
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, all->order);
  while (atomic_fetch_sub(&all->left, 1) > 0) {
    haft_session *handle = attach(all->session, "janus.plugin.echotest");
    haft_response *response = NULL;
    haft_error *why = NULL;
    if (haft_session_request(handle, "message", NULL, args, &response, &why) == HAFT_OK) {
      const char *type = haft_value_string(haft_value_at(haft_response_value(response), "/jsep/type"), NULL);
      if (type != NULL && strcmp(type, "answer") == 0) atomic_fetch_add(&all->answered, 1);
    }
    haft_error_free(why);
    haft_response_free(response);
    must(haft_session_close(handle, NULL, NULL) == HAFT_OK, "detach");
    haft_session_free(handle);
  }
  haft_args_free(args);
  return NULL;
}

static void negotiate(haft_session *session, long count, const char *order) {
  struct negotiating all = {.session = session, .order = order, .left = count};
  pthread_t threads[NEGOTIATIONS];
  double began = now();
  for (int at = 0; at < NEGOTIATIONS; at++) must(pthread_create(&threads[at], NULL, negotiator, &all) == 0, "a thread");
  for (int at = 0; at < NEGOTIATIONS; at++) pthread_join(threads[at], NULL);
  printf("{\"answered\": %ld, \"took\": %.4f}\n", (long)all.answered, now() - began);
}

int main(int arguments, char **list) {
  if (arguments < 4) return fprintf(stderr, "usage: %s URL MODE COUNT [ORDER]\n", list[0]), 2;
  const char *mode = list[2];
  long count = strtol(list[3], NULL, 10);
  haft_session *session = NULL;
  must(haft_session_create(list[1], NULL, &session, &error) == HAFT_OK, "create");
  if (strcmp(mode, "ping") == 0) ping(session, count);
  else if (strcmp(mode, "window") == 0) windowed(session, "ping", NULL, count);
  else if (strcmp(mode, "message") == 0) message(session, count);
  else if (strcmp(mode, "sessions") == 0) sessions(session, count, 1);
  else if (strcmp(mode, "crowd") == 0) sessions(session, count, MAKERS);
  else if (strcmp(mode, "negotiate") == 0 && arguments > 4) negotiate(session, count, list[4]);
  else return fprintf(stderr, "%s is no mode\n", mode), 2;
  must(haft_session_close(session, NULL, NULL) == HAFT_OK, "close");
  haft_session_free(session);
  return 0;
}
