/* What a crossing of the boundary costs, in nanoseconds. */
#define _GNU_SOURCE
#include "check.h"

#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

#define COST(expression) \
  do { \
    double best = 1e9; \
    for (int round = 0; round < 5; round++) { \
      double start = now(); \
      for (int k = 0; k < 100000; k++) { \
        __asm__ volatile("" ::: "memory"); \
        expression; \
      } \
      double each = (now() - start) / 100000; \
      best = each < best ? each : best; \
    } \
    printf("%8.1f ns  %s\n", best, #expression); \
    CHECK(best < 5000); \
  } while (0)

int main(void) {
  haft_args *args = haft_args_new();
  haft_args_set(args, "name", "value");
  haft_args_set_json(args, "list", "[1, 2, {\"deep\": \"text\"}]");
  const haft_value *root = haft_args_value(args);
  const haft_value *name = haft_value_at(root, "name");
  CHECK(haft_value_type(name) == HAFT_TYPE_STRING);
  COST(haft_version());
  COST(haft_supports("https"));
  COST(haft_value_type(name));
  COST(haft_value_string(name, NULL));
  COST(haft_value_at(root, "name"));
  COST(haft_value_at(root, "/list/2/deep"));
  COST(haft_value_item(root, 1, NULL));
  haft_args_free(args);
  return 0;
}
