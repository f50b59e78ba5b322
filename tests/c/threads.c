/* Many threads on one session: every answer belongs to its request, and nothing is left behind.
 *
 * threads URL [threads] [requests of each] */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <time.h>

static haft_session *session;
static int each = 10000;
static volatile int stop;

static int entries(const char *folder) {
  DIR *open = opendir(folder);
  int count = 0;
  CHECK(open != NULL);
  while (readdir(open) != NULL) ++count;
  closedir(open);
  return count;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The answer's body is what the query asked for: a text that no other request has. */
static void *ask(void *data) {
  int number = *(int *)data, at;
  char target[96], expected[64];
  for (at = 0; at < each; ++at) {
    haft_response *response = NULL;
    haft_error *error = NULL;
    size_t size = 0;
    haft_status status;
    snprintf(expected, sizeof expected, "thread-%d-request-%d", number, at);
    snprintf(target, sizeof target, "/status/200?body=%s", expected);
    status = haft_session_request(session, at % 16 == 7 ? "POST" : "GET", target, NULL, &response, &error);
    if (status != HAFT_OK) {
      char *detail = haft_value_json(haft_error_detail(error));
      fprintf(stderr, "%s: %s %s\n", target, haft_error_message(error), detail);
      exit(1);
    }
    CHECK(haft_response_status(response) == 200);
    CHECK_TEXT(haft_response_body(response, &size), expected);
    CHECK(size == strlen(expected));
    haft_response_free(response);
  }
  return NULL;
}

/* Asks the same through a child of its own, by submit, with cookies that come and go. */
static void *disturb(void *data) {
  int number = *(int *)data, at;
  char name[64], key[80];
  for (at = 0; at < each && !stop; ++at) {
    haft_error *error = NULL;
    haft_response *response = NULL;
    haft_args *args = haft_args_new();
    snprintf(name, sizeof name, "name%d", number);
    switch (at % 8) {
    case 0:
      snprintf(key, sizeof key, "headers.X-Thread-%d", number);
      haft_args_set(args, key, name);
      CHECK(haft_session_configure(session, args, &error) == HAFT_OK);
      break;
    case 1:
      snprintf(key, sizeof key, "cookies.%s", name);
      haft_args_set(args, key, "value");
      CHECK(haft_session_configure(session, args, &error) == HAFT_OK);
      break;
    case 2:
      CHECK(haft_session_inspect(session, "cookies", NULL, &response, &error) == HAFT_OK);
      CHECK(haft_response_value(response) != NULL);
      break;
    case 3: {
      const char *what[] = {"headers", "options", "stats", "pool", "state", "adapters"};
      CHECK(haft_session_inspect(session, what[(unsigned)at / 8 % 6], NULL, &response, &error) == HAFT_OK);
      break;
    }
    case 4: {
      haft_session *child = NULL;
      CHECK(haft_session_attach(session, "/anything/", args, &child, &error) == HAFT_OK);
      CHECK(haft_session_request(child, "GET", name, NULL, &response, &error) == HAFT_OK);
      CHECK(strstr(haft_response_body(response, NULL), name) != NULL);
      haft_session_free(child);
      break;
    }
    case 5: {
      char path[96];
      snprintf(path, sizeof path, "/cookies/set?%s=%d", name, at);
      haft_args_set_bool(args, "allow_redirects", false);
      CHECK(haft_session_request(session, "GET", path, args, &response, &error) == HAFT_OK);
      break;
    }
    case 6: {
      /* A stream that is let go in its middle. */
      haft_args_set_bool(args, "stream", true);
      CHECK(haft_session_request(session, "GET", "/size/200000", args, &response, &error) == HAFT_OK);
      break;
    }
    default: {
      uint64_t id = 0;
      haft_session *one = haft_session_retain(session);
      CHECK(haft_session_submit(one, "GET", "/status/200?body=later", NULL, &id, &error) == HAFT_OK);
      haft_session_cancel(one, id);
      haft_session_free(one);
    }
    }
    haft_response_free(response);
    haft_args_free(args);
  }
  return NULL;
}

/* Takes what was submitted until nothing more can come. */
static void *take(void *data) {
  (void)data;
  for (;;) {
    haft_event *event = NULL;
    haft_error *error = NULL;
    haft_status status = haft_session_poll(session, -1, &event, &error);
    int last = event != NULL && haft_event_kind(event) == HAFT_EVENT_CLOSED;
    haft_event_free(event);
    haft_error_free(error);
    if (last || status != HAFT_OK) return NULL;
  }
}

int main(int count, char **arguments) {
  enum { MOST = 256 };
  pthread_t threads[MOST], taker;
  int numbers[MOST], at, many, descriptors, tasks;
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  double began;
  CHECK(count >= 2);
  many = count > 2 ? atoi(arguments[2]) : 32;
  if (count > 3) each = atoi(arguments[3]);
  CHECK(many <= MOST);
  haft_args_set_bool(args, "trust_env", false);
  /* Once, so that what the process makes once is there. */
  CHECK(haft_session_create(arguments[1], args, &session, &error) == HAFT_OK);
  CHECK(haft_session_request(session, "GET", "/get", NULL, NULL, &error) == HAFT_OK);
  haft_session_free(session);
  descriptors = entries("/proc/self/fd");
  tasks = entries("/proc/self/task");

  CHECK(haft_session_create(arguments[1], args, &session, &error) == HAFT_OK);
  began = now();
  for (at = 0; at < many; ++at) {
    numbers[at] = at;
    CHECK(pthread_create(&threads[at], NULL, ask, &numbers[at]) == 0);
  }
  for (at = 0; at < many; ++at) CHECK(pthread_join(threads[at], NULL) == 0);
  printf("%d threads, %d requests, %.1f s\n", many, many * each, now() - began);
  CHECK(entries("/proc/self/task") == tasks);
  haft_session_free(session);
  CHECK(entries("/proc/self/fd") == descriptors);

  /* The same while others configure, inspect, attach, submit and cancel. */
  CHECK(haft_session_create(arguments[1], args, &session, &error) == HAFT_OK);
  each = each / 10 + 1;
  began = now();
  CHECK(pthread_create(&taker, NULL, take, NULL) == 0);
  for (at = 0; at < many; ++at) {
    CHECK(pthread_create(&threads[at], NULL, at % 2 ? ask : disturb, &numbers[at]) == 0);
  }
  for (at = 0; at < many; ++at) CHECK(pthread_join(threads[at], NULL) == 0);
  printf("%d threads that do everything, %d each, %.1f s\n", many, each, now() - began);
  CHECK(haft_session_close(session, NULL, &error) == HAFT_OK);
  CHECK(pthread_join(taker, NULL) == 0);
  haft_session_free(session);
  CHECK(entries("/proc/self/fd") == descriptors);
  CHECK(entries("/proc/self/task") == tasks);
  haft_args_free(args);
  return 0;
}
