/* ftrack as a host uses it, beside bench/ftrack.py, which does the same with the official Python client.
 *
 *     ftrack MODE URL USER KEY [COUNT [PAGE SIZE | RATE]]
 *
 * Prints JSON: CPU in microseconds (getrusage of this process), memory in KiB. */
#include "haft.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define QUERY                                                                                                          \
  "select id, name, bid, sort, description, start_date, end_date, status.name, status.color, type.name, type.sort, "   \
  "priority.name, priority.value, parent.name, project.name, project.full_name from Task"

static haft_error *error;
static char url[512];
static const char *user, *key;

static void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "ftrack: %s went wrong: %s\n", what, error ? haft_error_message(error) : "");
  exit(1);
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static long status(const char *name) {
  char line[256];
  long number = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) number = strtol(line + strlen(name) + 1, NULL, 10);
  fclose(file);
  return number;
}

/* A session; its types come from a file in `folder`, or over the wire. */
static haft_session *connect_to(const char *folder) {
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "api_user", user);
  haft_args_set(args, "api_key", key);
  if (folder) haft_args_set(args, "schema_cache_path", folder);
  else haft_args_set_bool(args, "schema_cache_path", false);
  must(haft_session_create(url, args, &session, &error) == HAFT_OK, "create");
  haft_args_free(args);
  return session;
}

static void leave(haft_session *session) {
  must(haft_session_close(session, NULL, &error) == HAFT_OK, "close");
  haft_session_free(session);
}

static haft_response *ask(haft_session *session, const char *verb, const char *target, haft_args *args) {
  haft_response *response = NULL;
  must(haft_session_request(session, verb, target, args, &response, &error) == HAFT_OK, verb);
  return response;
}

static const char *text(const haft_value *value, const char *pointer) {
  return haft_value_string(haft_value_at(value, pointer), NULL);
}

/* Sessions, from nothing or with their types in a file. */
static void sessions(long count, bool warm) {
  char folder[] = "/tmp/haft-bench-XXXXXX", file[1024];
  if (warm) {
    must(mkdtemp(folder) != NULL, "mkdtemp");
    leave(connect_to(folder));
  }
  double began = cpu(), start = wall();
  for (long at = 0; at < count; at++) leave(connect_to(warm ? folder : NULL));
  printf("{\"cpu\": %f, \"wall\": %f}\n", (cpu() - began) / (double)count, (wall() - start) / (double)count);
  if (warm) {
    snprintf(file, sizeof file, "rm -r %s", folder);
    must(system(file) == 0, "rm");
  }
}

static void query(long count, const char *page_size) {
  haft_session *session = connect_to(NULL);
  haft_args *args = haft_args_new();
  if (page_size) haft_args_set_int(args, "page_size", strtol(page_size, NULL, 10));
  long before = status("VmRSS");
  double began = cpu(), start = wall();
  haft_response *response = ask(session, "query", QUERY, args);
  const haft_value *tasks = haft_response_value(response);
  double used = cpu() - began, took = wall() - start;
  long peak = status("VmHWM");
  const haft_value *last = haft_value_item(tasks, (size_t)count - 1, NULL);
  must((long)haft_value_count(tasks) == count && !strncmp(text(last, "/name"), "task_", 5) && text(last, "/status/name"), "the answer");
  printf("{\"cpu\": %f, \"wall\": %f, \"memory\": %ld, \"held\": %ld}\n", used, took, peak - before, status("VmRSS") - before);
  haft_response_free(response);
  haft_args_free(args);
  leave(session);
}

static void update(long count) {
  enum { TIMES = 200 };
  char target[128], value[64];
  haft_session *session = connect_to(NULL);
  char question[sizeof QUERY + 32];
  snprintf(question, sizeof question, "%s limit %ld", QUERY, count);
  haft_response *response = ask(session, "query", question, NULL);
  const haft_value *tasks = haft_response_value(response);
  must((long)haft_value_count(tasks) == count, "the query");
  double began = cpu(), start = wall();
  for (int at = 0; at < TIMES; at++) {
    haft_args *args = haft_args_new();
    snprintf(target, sizeof target, "Task/%s", text(haft_value_item(tasks, (size_t)(at % count), NULL), "/id"));
    snprintf(value, sizeof value, "changed %d", at);
    haft_args_set(args, "data.description", value);
    must(haft_session_stage(session, "update", target, args, NULL, &error) == HAFT_OK, "stage");
    must(haft_session_commit(session, NULL, NULL, &error) == HAFT_OK, "commit");
    haft_args_free(args);
  }
  printf("{\"cpu\": %f, \"wall\": %f}\n", (cpu() - began) / TIMES, (wall() - start) / TIMES);
  haft_response_free(response);
  leave(session);
}

static void create(long count) {
  haft_session *session = connect_to(NULL);
  haft_args *args = haft_args_new();
  haft_args_set_bool(args, "first", true);
  haft_response *project = ask(session, "query", "Project", args);
  haft_args_free(args);
  double began = cpu();
  args = haft_args_new();
  haft_args_set_value(args, "data.parent", haft_response_value(project));
  for (long at = 0; at < count; at++) {
    char name[32];
    snprintf(name, sizeof name, "new_%ld", at);
    haft_args_set(args, "data.name", name);
    must(haft_session_stage(session, "create", "Task", args, NULL, &error) == HAFT_OK, "stage");
  }
  haft_args_free(args);
  double staged = cpu() - began, start = wall();
  haft_response *done = NULL;
  must(haft_session_commit(session, NULL, &done, &error) == HAFT_OK, "commit");
  must((long)haft_value_count(haft_response_value(done)) == count, "the count");
  double used = cpu() - began;
  printf("{\"staged\": %f, \"commit\": %f, \"cpu\": %f, \"wall\": %f}\n", staged, used - staged, used, wall() - start);
  haft_response_free(done);
  haft_response_free(project);
  leave(session);
}

static void reads(long count) {
  char question[64], target[128];
  haft_session *session = connect_to(NULL);
  snprintf(question, sizeof question, "select id from Task limit %ld", count);
  haft_response *response = ask(session, "query", question, NULL);
  const haft_value *tasks = haft_response_value(response);
  haft_args *args = haft_args_new();
  haft_args_set(args, "select", "bid");
  long seen = 0;
  double began = cpu(), start = wall(), sum = 0;
  for (; seen < (long)haft_value_count(tasks); seen++) {
    snprintf(target, sizeof target, "Task/%s", text(haft_value_item(tasks, (size_t)seen, NULL), "/id"));
    haft_response *task = ask(session, "get", target, args);
    const haft_value *bid = haft_value_at(haft_response_value(task), "/bid");
    must(bid != NULL, "the bid");
    sum += haft_value_double(bid, 0);
    haft_response_free(task);
  }
  must(seen == count && sum > 0, "the reads");
  printf("{\"cpu\": %f, \"wall\": %f}\n", cpu() - began, wall() - start);
  haft_args_free(args);
  haft_response_free(response);
  leave(session);
}

/* --- events ---------------------------------------------------------------------------------------------- */

enum { SUBSCRIPTIONS = 500, EVENTS_MAX = 1 << 20 };

static struct {
  unsigned char seen[EVENTS_MAX];
  atomic_long count, doubled;
  long wanted;
  sem_t ready, over;
} heard;

static void hear(void *user_data, haft_event *event) {
  (void)user_data;
  if (haft_event_kind(event) == HAFT_EVENT_MESSAGE) {
    int64_t n = haft_value_int(haft_value_at(haft_event_value(event), "/data/n"), -1);
    if (n < 0) sem_post(&heard.ready);
    else if (n >= EVENTS_MAX || heard.seen[n]++) heard.doubled++;
    else if (++heard.count == heard.wanted) sem_post(&heard.over);
  }
  haft_event_free(event);
}

static haft_session *connect_hub(void) {
  haft_session *session = connect_to(NULL);
  haft_args *args = haft_args_new();
  haft_args_set_bool(args, "wait", true);
  haft_response_free(ask(session, "connect", NULL, args));
  haft_args_free(args);
  return session;
}

/* Hears so many events with 500 subscriptions, of which one is for each. Tells when it is ready, and gives up after a
 * silence of ten seconds behind the last. */
static void listen_to(long count) {
  char topic[64];
  haft_session *session = connect_hub();
  heard.wanted = count;
  sem_init(&heard.ready, 0, 0);
  sem_init(&heard.over, 0, 0);
  for (int at = 0; at < SUBSCRIPTIONS; at++) {
    snprintf(topic, sizeof topic, "topic=bench.%d", at);
    must(haft_session_subscribe(session, topic, NULL, hear, NULL, NULL, NULL, &error) == HAFT_OK, "subscribe");
  }
  /* What comes back shows that the server knows them all. */
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "data.n", -1);
  snprintf(topic, sizeof topic, "bench.%d", SUBSCRIPTIONS - 1);
  haft_response_free(ask(session, "publish", topic, args));
  haft_args_free(args);
  sem_wait(&heard.ready);
  double began = cpu(), start = wall(), last = start;
  long seen = 0;
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (sem_timedwait(&heard.over, &until) == 0) break;
    if (heard.count != seen) last = wall(), seen = heard.count;
    else if (seen > 0 && wall() - last > 10e6) break;
  }
  printf("{\"cpu\": %f, \"wall\": %f, \"heard\": %ld, \"doubled\": %ld}\n", cpu() - began, wall() - start,
         (long)heard.count, (long)heard.doubled);
  leave(session);
}

/* So many events, so many a second. */
static void publish(long count, long rate) {
  char topic[64];
  haft_session *session = connect_hub();
  double start = wall();
  long failed = 0;
  for (long n = 0; n < count; n++) {
    double early = start + (double)n * 1e6 / (double)rate - wall();
    if (early > 0) usleep((useconds_t)early);
    haft_args *args = haft_args_new();
    haft_args_set_int(args, "data.n", n);
    haft_args_set(args, "data.user", "jane");
    snprintf(topic, sizeof topic, "bench.%ld", n % SUBSCRIPTIONS);
    must(haft_session_submit(session, "publish", topic, args, NULL, &error) == HAFT_OK, "publish");
    haft_args_free(args);
  }
  double took = wall() - start;
  for (long answered = 0; answered < count;) {
    haft_event *event = NULL;
    must(haft_session_poll(session, 60000, &event, NULL) == HAFT_OK && event != NULL, "poll");
    if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      answered++;
      if (haft_event_error(event)) failed++;
    }
    haft_event_free(event);
  }
  printf("{\"rate\": %f, \"failed\": %ld}\n", (double)count * 1e6 / took, failed);
  leave(session);
}

int main(int count, char **arguments) {
  if (count < 5) return 2;
  const char *mode = arguments[1];
  long times = count > 5 ? strtol(arguments[5], NULL, 10) : 1;
  snprintf(url, sizeof url, "ftrack+%s", arguments[2]);
  user = arguments[3], key = arguments[4];
  if (!strcmp(mode, "cold")) sessions(times, false);
  else if (!strcmp(mode, "warm")) sessions(times, true);
  else if (!strcmp(mode, "query")) query(times, count > 6 ? arguments[6] : NULL);
  else if (!strcmp(mode, "update")) update(times);
  else if (!strcmp(mode, "create")) create(times);
  else if (!strcmp(mode, "reads")) reads(times);
  else if (!strcmp(mode, "hear")) listen_to(times);
  else if (!strcmp(mode, "publish")) publish(times, count > 6 ? strtol(arguments[6], NULL, 10) : 1000);
  else return 2;
  return 0;
}
