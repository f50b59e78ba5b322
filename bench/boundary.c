/* What the C boundary costs: calls that do nothing else. Prints nanoseconds of each as JSON. */
#include "haft.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS = 2000000, ROUNDS = 7 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

#define MEASURE(name, call)                                  \
  do {                                                       \
    double best = 1e9;                                       \
    for (int round = 0; round < ROUNDS; round++) {           \
      double began = now();                                  \
      for (int i = 0; i < CALLS; i++) call;                  \
      double each = (now() - began) / CALLS;                 \
      if (each < best) best = each;                          \
    }                                                        \
    printf("%s\"%s\": %.2f", first ? "{" : ", ", name, best); \
    first = 0;                                               \
  } while (0)

int main(void) {
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_event *event = NULL;
  int first = 1;
  if (haft_session_create("http://127.0.0.1:1", NULL, &session, NULL) != HAFT_OK) return 1;
  MEASURE("version", haft_version_number());
  MEASURE("cancel", haft_session_cancel(session, 1));
  MEASURE("poll", haft_session_poll(session, 0, &event, NULL));
  MEASURE("retain and free", haft_session_free(haft_session_retain(session)));
  MEASURE("args_set_int", haft_args_set_int(args, "timeout", 30));
  MEASURE("args_set", haft_args_set(args, "encoding", "utf-8"));
  MEASURE("value_at", haft_value_at(haft_args_value(args), "timeout"));
  puts("}");
  haft_args_free(args);
  haft_session_free(session);
  return 0;
}
