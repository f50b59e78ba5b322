/* Loses what it was given, so that it is known that the watchers watch: never right. */
#include "check.h"

int main(void) {
  haft_args *args = haft_args_new();
  haft_args_set(args, "lost", "for ever");
  args = haft_args_new();
  haft_args_free(args);
  return 0;
}
