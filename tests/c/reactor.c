/* Many submitted calls at once: each answered once and with its own answer, no thread beyond the reactor, nothing left
 * behind. `reactor MODE BASE COUNT`. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *base;
static int count;
static unsigned char *seen;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int entries(const char *folder) {
  DIR *open = opendir(folder);
  int found = 0;
  CHECK(open != NULL);
  while (readdir(open) != NULL) ++found;
  closedir(open);
  return found - 3; /* ., .. and, among descriptors, the folder's own */
}
static int descriptors(void) { return entries("/proc/self/fd"); }
/* Those of a tool that watches the process do not count. */
static int tool_threads;
static int threads(void) { return entries("/proc/self/task") + 1 - tool_threads; }

static int pool; /* connections at the most, 0 for as many as there are calls */

static haft_session *create(void) {
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "pool_maxsize", pool ? pool : count);
  haft_args_set_bool(args, "pool_block", pool != 0);
  if (strncmp(base, "https:", 6) == 0) haft_args_set_bool(args, "verify", false);
  CHECK(haft_session_create(base, args, &session, NULL) == HAFT_OK);
  haft_args_free(args);
  return session;
}

/* Call k has the id k. */
static void submit(haft_session *session, int k, const char *path) {
  char target[128];
  uint64_t id = 0;
  haft_error *error = NULL;
  haft_args *args = haft_args_new();
  snprintf(target, sizeof target, "%s%sn=%d", path, strchr(path, '?') ? "&" : "?", k);
  haft_args_set_int(args, "id", k);
  haft_args_set(args, "tag", target);
  if (haft_session_submit(session, "GET", target, args, &id, &error) != HAFT_OK) {
    fprintf(stderr, "%s: %s\n", target, haft_error_message(error));
    exit(1);
  }
  CHECK(id == (uint64_t)k);
  haft_args_free(args);
}

/* The answer of a call that nobody has seen yet. */
static int number(const haft_event *event) {
  int k = (int)haft_event_id(event);
  CHECK(haft_event_kind(event) == HAFT_EVENT_RESPONSE && k >= 1 && k <= count && !seen[k]);
  seen[k] = 1;
  return k;
}

static void good(const haft_event *event) {
  int k = number(event);
  char end[32];
  const haft_response *response = haft_event_response(event);
  const char *url;
  if (response == NULL) {
    fprintf(stderr, "%d: %s\n", k, haft_error_message(haft_event_error(event)));
    exit(1);
  }
  CHECK(haft_response_status(response) == 200);
  snprintf(end, sizeof end, "n=%d", k);
  url = haft_value_string(haft_value_at(haft_response_meta(response), "url"), NULL);
  CHECK(strlen(url) > strlen(end) && strcmp(url + strlen(url) - strlen(end), end) == 0);
  CHECK(strcmp(haft_event_topic(event) + strlen(haft_event_topic(event)) - strlen(end), end) == 0);
  if (strstr(url, "/get") != NULL) {
    const haft_value *n = haft_value_at(haft_value_at(haft_response_value(response), "args"), "n");
    CHECK_TEXT(haft_value_string(n, NULL), end + 2);
  } else {
    CHECK_TEXT(haft_response_body(response, NULL), "delayed\n");
  }
}

static haft_event *next(haft_session *session) {
  haft_event *event = NULL;
  CHECK(haft_session_poll(session, 60000, &event, NULL) == HAFT_OK);
  CHECK(event != NULL);
  return event;
}

static void expect_code(const haft_event *event, const char *code) {
  const haft_value *detail = haft_error_detail(haft_event_error(event));
  CHECK_TEXT(haft_value_string(haft_value_at(detail, "code"), NULL), code);
}

static void finish(haft_session *session) {
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
}

static void once(haft_session *session, int k) {
  haft_event *event;
  submit(session, k, "/get");
  event = next(session);
  good(event);
  haft_event_free(event);
}

/* Everything in flight at once. */
static void flood(void) {
  int before = descriptors(), k, most = 0, round;
  haft_session *session = create();
  CHECK(threads() == 1);
  for (round = 0; round < 2; ++round) {
    struct pollfd level = {haft_session_fd(session), POLLIN, 0};
    memset(seen, 0, (size_t)count + 1);
    for (k = 1; k <= count; ++k) submit(session, k, k % 10 == 0 ? "/get" : "/delay/0.05");
    for (k = 1; k <= count; ++k) {
      haft_event *event;
      if (k % 1000 == 1) CHECK(poll(&level, 1, 60000) == 1);
      event = next(session);
      good(event);
      haft_event_free(event);
      if (k % 100 == 0 && threads() > most) most = threads();
    }
    CHECK(poll(&level, 1, 0) == 0);
  }
  CHECK(most <= 2);
  finish(session);
  CHECK(threads() == 1 && descriptors() == before);
}

static void cancelling(void) {
  int before = descriptors(), k;
  haft_session *session = create();
  haft_event *event;
  double began;
  /* One of many. */
  for (k = 1; k <= count; ++k) submit(session, k, "/fault/stall");
  haft_session_cancel(session, 7);
  event = next(session);
  CHECK(number(event) == 7);
  expect_code(event, "cancelled");
  haft_event_free(event);
  haft_session_cancel(session, 7); /* is over */
  event = NULL;
  CHECK(haft_session_poll(session, 0, &event, NULL) == HAFT_OK && event == NULL);
  /* All. */
  began = now();
  haft_session_cancel(session, 0);
  for (k = 2; k <= count; ++k) {
    event = next(session);
    number(event);
    expect_code(event, "cancelled");
    haft_event_free(event);
  }
  CHECK(now() - began < 5);
  /* The session goes on, and an id can be used again. */
  memset(seen, 0, (size_t)count + 1);
  submit(session, 7, "/get");
  event = next(session);
  good(event);
  haft_event_free(event);
  finish(session);
  CHECK(threads() == 1 && descriptors() == before);
}

static void closing(void) {
  int before = descriptors(), k;
  haft_session *session = create();
  haft_event *event = NULL, *kept;
  double began;
  submit(session, 1, "/get");
  kept = next(session);
  for (k = 1; k <= count; ++k) submit(session, k, "/fault/stall");
  began = now();
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  CHECK(now() - began < 5);
  CHECK(threads() == 1);
  for (k = 1; k <= count; ++k) {
    event = next(session);
    number(event);
    expect_code(event, "cancelled");
    haft_event_free(event);
  }
  event = next(session);
  CHECK(haft_event_kind(event) == HAFT_EVENT_CLOSED);
  haft_event_free(event);
  haft_session_free(session);
  /* An answer that is kept keeps nothing of the reactor. */
  CHECK(descriptors() == before);
  haft_event_free(kept);
}

/* Free waits for nothing; what was in flight goes by itself. */
static void freeing(void) {
  int before = descriptors(), k;
  haft_session *session = create();
  double began;
  for (k = 1; k <= count; ++k) submit(session, k, "/fault/stall");
  began = now();
  haft_session_free(session);
  CHECK(now() - began < 1);
  while (threads() > 1 || descriptors() > before) {
    CHECK(now() - began < 30);
    sched_yield();
  }
}

static int pushed;
static haft_session *pushing;

static void take(void *data, haft_event *event) {
  CHECK(data == &pushed);
  good(event);
  haft_event_free(event);
  __atomic_fetch_add(&pushed, 1, __ATOMIC_RELEASE);
}

/* The callback gets them, on the worker. */
static void push(void) {
  int before = descriptors(), k;
  double began = now();
  uint64_t id = 0;
  pushing = create();
  CHECK(haft_session_subscribe(pushing, "haft.response", NULL, take, &pushed, count_drop, &id, NULL) == HAFT_OK);
  for (k = 1; k <= count; ++k) submit(pushing, k, "/get");
  while (__atomic_load_n(&pushed, __ATOMIC_ACQUIRE) < count) {
    CHECK(now() - began < 60);
    CHECK(threads() <= 3);
    sched_yield();
  }
  CHECK(haft_session_close(pushing, NULL, NULL) == HAFT_OK);
  CHECK(pushed == count + 1); /* the drop counts as well */
  haft_session_free(pushing);
  CHECK(threads() == 1 && descriptors() == before);
}

/* Who waits for a connection has its turn, and leaves the queue when it is cancelled. */
static void blocking(void) {
  int before = descriptors(), k;
  haft_session *session;
  haft_event *event;
  pool = 4;
  session = create();
  for (k = 1; k <= count; ++k) submit(session, k, "/delay/0.005");
  for (k = 1; k <= count; ++k) {
    event = next(session);
    good(event);
    haft_event_free(event);
    CHECK(descriptors() <= before + 16);
  }
  memset(seen, 0, (size_t)count + 1);
  for (k = 1; k <= count; ++k) submit(session, k, "/fault/stall");
  haft_session_cancel(session, (uint64_t)count);
  event = next(session);
  CHECK(number(event) == count);
  haft_event_free(event);
  haft_session_cancel(session, 0);
  for (k = 1; k < count; ++k) {
    event = next(session);
    number(event);
    expect_code(event, "cancelled");
    haft_event_free(event);
  }
  memset(seen, 0, (size_t)count + 1);
  once(session, 1);
  finish(session);
  CHECK(threads() == 1 && descriptors() == before);
}

/* Large bodies side by side, whole, in chunks and packed. */
static void large(void) {
  static const char *const paths[] = {"/size/8000000", "/stream-bytes/8000000?chunk_size=65536",
                                      "/encoded?codings=gzip&size=8000000"};
  int before = descriptors(), k;
  haft_session *session = create();
  for (k = 1; k <= count; ++k) submit(session, k, paths[k % 3]);
  for (k = 1; k <= count; ++k) {
    haft_event *event = next(session);
    size_t size = 0;
    const char *body = haft_response_body(haft_event_response(event), &size);
    number(event);
    CHECK(size == 8000000 && body[size] == '\0');
    haft_event_free(event);
  }
  finish(session);
  CHECK(threads() == 1 && descriptors() == before);
}

/* A child has a reactor of its own, and leaves its parent's alone. */
static void forking(void) {
  haft_session *session = create();
  pid_t child;
  int status = -1;
  once(session, 1);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    haft_session *own = create();
    once(own, 2);
    haft_session_free(session);
    finish(own);
    _exit(threads() == 1 ? 0 : 2);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  once(session, 2);
  finish(session);
  CHECK(threads() == 1);
}

/* Sessions come and go; the reactor with them. */
static void turns(void) {
  int before = descriptors(), k;
  for (k = 1; k <= count; ++k) {
    haft_session *one = create(), *other = create();
    memset(seen, 0, (size_t)count + 1);
    once(one, 1);
    once(other, 2);
    finish(one);
    once(other, 3);
    if (k % 2) finish(other);
    else haft_session_free(other);
  }
  while (threads() > 1 || descriptors() > before) sched_yield();
}

static void *nothing(void *data) { return data; }

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } modes[] = {{"flood", flood}, {"cancel", cancelling}, {"close", closing}, {"free", freeing},
               {"push", push},   {"block", blocking},    {"large", large},  {"fork", forking},
               {"turns", turns}};
  size_t at;
  pthread_t first;
  CHECK(argc == 4);
  base = argv[2];
  count = atoi(argv[3]);
  seen = (unsigned char *)calloc((size_t)count + 8, 1);
  /* Some start theirs with the first thread of the process. */
  CHECK(pthread_create(&first, NULL, nothing, NULL) == 0 && pthread_join(first, NULL) == 0);
  tool_threads = threads() - 1;
  alarm(120);
  for (at = 0; at < sizeof modes / sizeof modes[0]; ++at)
    if (strcmp(argv[1], modes[at].name) == 0) {
      modes[at].run();
      free(seen);
      return 0;
    }
  CHECK(!"a known mode");
}
