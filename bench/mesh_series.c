/* Series of Mesh: what the client's CPU costs. mesh_series URL read|write|many ROUNDS prints {"cpu": SECONDS} for one round;
 * the first is not counted. The server has the series key:100000 … of hours from 2020 on. */
#include <haft.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define POINTS 200000
#define MANY 1000
#define HOUR 3600000LL
#define START 1577836800000LL

static haft_error *error;

static void fine(bool right, const char *what) {
  if (right) return;
  fprintf(stderr, "%s: %s\n", what, error ? haft_error_message(error) : "not as it should be");
  exit(EXIT_FAILURE);
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void read_one(haft_session *session) {
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "start", START);
  haft_args_set_int(args, "end", START + POINTS * HOUR);
  haft_response *response = NULL;
  fine(haft_session_request(session, "read_series", "key:100000", args, &response, &error) == HAFT_OK, "read_series");
  const int64_t *times;
  const double *values;
  const uint32_t *flags;
  size_t count = haft_value_series(haft_response_value(response), &times, &values, &flags);
  fine(count >= POINTS && times[POINTS - 1] == START + (POINTS - 1) * HOUR && !isnan(values[0]) && flags[0] == 0, "points");
  haft_response_free(response);
  haft_args_free(args);
}

static void write_one(haft_session *session, const int64_t *times, const double *values, const uint32_t *flags) {
  haft_args *args = haft_args_new();
  haft_args_set_series(args, "points", times, values, flags, POINTS);
  fine(haft_session_stage(session, "write_series", "key:100000", args, NULL, &error) == HAFT_OK, "write_series");
  haft_session_rollback(session, NULL, NULL);
  haft_args_free(args);
}

static void read_many(haft_session *session) {
  haft_args *args = haft_args_new();
  char key[32];
  for (int number = 0; number < MANY; number++) {
    snprintf(key, sizeof key, "key:%d", 100000 + number);
    haft_args_set(args, "targets[]", key);
  }
  haft_args_set_int(args, "start", START);
  haft_args_set_int(args, "end", START + 24 * HOUR);
  haft_response *response = NULL;
  fine(haft_session_request(session, "read_series", NULL, args, &response, &error) == HAFT_OK, "read_series");
  fine(haft_value_count(haft_response_value(response)) == MANY, "series");
  haft_response_free(response);
  haft_args_free(args);
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: %s URL read|write|many ROUNDS\n", argv[0]), EXIT_FAILURE;
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  /* A point behind the end comes along: a bit more than 4 MiB is not split. */
  haft_args_set_int(args, "max_receive_size", 8 << 20);
  fine(haft_session_create(argv[1], args, &session, &error) == HAFT_OK, "create");
  haft_args_free(args);
  int64_t *times = calloc(POINTS, sizeof *times);
  double *values = calloc(POINTS, sizeof *values);
  uint32_t *flags = calloc(POINTS, sizeof *flags);
  fine(times && values && flags, "memory");
  for (int at = 0; at < POINTS; at++) {
    times[at] = START + at * HOUR;
    values[at] = at % 97;
  }
  int rounds = atoi(argv[3]);
  double before = 0;
  for (int round = 0; round <= rounds; round++) {
    if (round == 1) before = cpu();
    if (strcmp(argv[2], "read") == 0) read_one(session);
    else if (strcmp(argv[2], "write") == 0) write_one(session, times, values, flags);
    else read_many(session);
  }
  printf("{\"cpu\": %.6f}\n", (cpu() - before) / rounds);
  haft_session_close(session, NULL, NULL);
  haft_session_free(session);
  free(times);
  free(values);
  free(flags);
  return EXIT_SUCCESS;
}
