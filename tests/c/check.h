/* What the C tests have in common: CHECK prints the place and ends the program with 1. */
#ifndef CHECK_H
#define CHECK_H
#include "haft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1); \
    } \
  } while (0)

#define CHECK_TEXT(found, expected) \
  do { \
    const char *found_text = (found); \
    if (found_text == NULL || strcmp(found_text, (expected)) != 0) { \
      fprintf(stderr, "%s:%d: %s is \"%s\"\n", __FILE__, __LINE__, #found, found_text ? found_text : "(NULL)"); \
      exit(1); \
    } \
  } while (0)

/* Counts its calls: a haft_drop_fn. */
static inline void count_drop(void *count) { ++*(int *)count; }

/* The call failed with this status, wrote an error that says so, and the error is freed. */
static inline void fails(haft_status status, haft_status expected, haft_error **error, const char *message, int line) {
  if (status != expected || *error == NULL || haft_error_status(*error) != expected ||
      strstr(haft_error_message(*error), message) == NULL) {
    fprintf(stderr, "line %d: %s: %s\n", line, haft_status_name(status), haft_error_message(*error));
    exit(1);
  }
  haft_error_free(*error);
  *error = NULL;
}
#define FAILS(call, expected, message) fails((call), (expected), &error, (message), __LINE__)
#endif
