/* Mesh as a host uses it, beside bench/mesh.py, which does the same with the official Python SDK.
 *
 *     mesh URL MODE ROUNDS
 *
 * Prints JSON: CPU of one round in microseconds (getrusage of this process), memory in KiB (the peak beyond what was
 * resident with the session open), threads. The first round warms up. The server has the series key:100000 … of hours from
 * 2020 on. Modes: read, write (200,000 points); many, each, flight (1,000 series of a day: in one call, one after the
 * other, submitted); single (one of them); open (to the first answer of a new session); keep (ROUNDS sessions, until a line
 * comes in). */
#include <haft.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define POINTS 200000
#define MANY 1000
#define DAY 24
#define HOUR 3600000LL
#define START 1577836800000LL

static haft_error *error;
static const char *url;
static double spent;

static void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "mesh: %s went wrong: %s\n", what, error ? haft_error_message(error) : "not as it should be");
  exit(EXIT_FAILURE);
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
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

static haft_session *enter(void) {
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  /* A point behind the end comes along: a bit more than 4 MiB is not split. */
  haft_args_set_int(args, "max_receive_size", 8 << 20);
  must(haft_session_create(url, args, &session, &error) == HAFT_OK, "create");
  haft_args_free(args);
  return session;
}

static void leave(haft_session *session) {
  must(haft_session_close(session, NULL, &error) == HAFT_OK, "close");
  haft_session_free(session);
}

static haft_args *span(int hours) {
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "start", START);
  haft_args_set_int(args, "end", START + hours * HOUR);
  return args;
}

/* The columns, as a host takes them. */
static void look(const haft_value *series, int count) {
  const int64_t *times;
  const double *values;
  const uint32_t *flags;
  size_t found = haft_value_series(series, &times, &values, &flags);
  must(found >= (size_t)count && times[count - 1] == START + (count - 1) * HOUR && !isnan(values[count - 1]) && flags[0] == 0, "points");
}

static void read_one(haft_session *session, const char *key, int hours) {
  haft_args *args = span(hours);
  haft_response *response = NULL;
  must(haft_session_request(session, "read_series", key, args, &response, &error) == HAFT_OK, "read_series");
  look(haft_response_value(response), hours);
  haft_response_free(response);
  haft_args_free(args);
}

static void write_one(haft_session *session) {
  static int64_t times[POINTS];
  static double values[POINTS];
  static uint32_t flags[POINTS];
  for (int at = 0; at < POINTS; at++) {
    times[at] = START + at * HOUR;
    values[at] = at % 97;
  }
  double before = cpu();
  haft_args *args = haft_args_new();
  haft_args_set_series(args, "points", times, values, flags, POINTS);
  must(haft_session_stage(session, "write_series", "key:100000", args, NULL, &error) == HAFT_OK, "write_series");
  must(haft_session_rollback(session, NULL, &error) == HAFT_OK, "rollback");
  haft_args_free(args);
  spent += cpu() - before;
}

static void read_many(haft_session *session) {
  haft_args *args = span(DAY);
  char key[32];
  for (int number = 0; number < MANY; number++) {
    snprintf(key, sizeof key, "key:%d", 100000 + number);
    haft_args_set(args, "targets[]", key);
  }
  haft_response *response = NULL;
  must(haft_session_request(session, "read_series", NULL, args, &response, &error) == HAFT_OK, "read_series");
  const haft_value *all = haft_response_value(response);
  must(haft_value_count(all) == MANY, "series");
  for (size_t at = 0; at < MANY; at++) look(haft_value_at(haft_value_item(all, at, NULL), "/series"), DAY);
  haft_response_free(response);
  haft_args_free(args);
}

static void read_each(haft_session *session) {
  char key[32];
  for (int number = 0; number < MANY; number++) {
    snprintf(key, sizeof key, "key:%d", 100000 + number);
    read_one(session, key, DAY);
  }
}

static void read_submitted(haft_session *session) {
  char key[32];
  for (int number = 0; number < MANY; number++) {
    snprintf(key, sizeof key, "key:%d", 100000 + number);
    haft_args *args = span(DAY);
    must(haft_session_submit(session, "read_series", key, args, NULL, &error) == HAFT_OK, "submit");
    haft_args_free(args);
  }
  for (int number = 0; number < MANY; number++) {
    haft_event *event = NULL;
    must(haft_session_poll(session, 10000, &event, &error) == HAFT_OK, "poll");
    must(!haft_event_error(event), "a submitted read");
    look(haft_response_value(haft_event_response(event)), DAY);
    haft_event_free(event);
  }
}

/* What a process needs from nothing to the first answer. */
static void begin(void) {
  double before = cpu();
  haft_session *session = enter();
  read_one(session, "key:100000", DAY);
  spent += cpu() - before;
  leave(session);
}

static void keep(int count) {
  haft_session **all = calloc((size_t)count, sizeof *all);
  must(all, "memory");
  all[0] = enter();
  long before = status("VmRSS");
  for (int at = 1; at < count; at++) must(haft_session_attach(all[0], "session", NULL, &all[at], &error) == HAFT_OK, "attach");
  double used = cpu();
  printf("ready\n");
  fflush(stdout);
  getchar();
  printf("{\"cpu\": %.0f, \"memory\": %ld, \"threads\": %ld}\n", cpu() - used, status("VmRSS") - before, status("Threads"));
  fflush(stdout);
  for (int at = count - 1; at >= 0; at--) leave(all[at]);
  free(all);
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: %s URL MODE ROUNDS\n", argv[0]), EXIT_FAILURE;
  url = argv[1];
  const char *mode = argv[2];
  int rounds = atoi(argv[3]);
  if (!strcmp(mode, "keep")) return keep(rounds), EXIT_SUCCESS;
  haft_session *session = strcmp(mode, "open") ? enter() : NULL;
  long resident = status("VmRSS");
  double before = 0;
  for (int round = 0; round <= rounds; round++) {
    if (round == 1) before = cpu(), spent = 0;
    if (!strcmp(mode, "read")) read_one(session, "key:100000", POINTS);
    else if (!strcmp(mode, "write")) write_one(session);
    else if (!strcmp(mode, "many")) read_many(session);
    else if (!strcmp(mode, "each")) read_each(session);
    else if (!strcmp(mode, "flight")) read_submitted(session);
    else if (!strcmp(mode, "single")) read_one(session, "key:100000", DAY);
    else if (!strcmp(mode, "open")) begin();
    else return fprintf(stderr, "mesh: no mode %s\n", mode), EXIT_FAILURE;
  }
  double used = spent > 0 ? spent : cpu() - before;
  printf("{\"cpu\": %.3f, \"memory\": %ld, \"threads\": %ld}\n", rounds ? used / rounds : 0, status("VmHWM") - resident, status("Threads"));
  if (session) leave(session);
  return EXIT_SUCCESS;
}
