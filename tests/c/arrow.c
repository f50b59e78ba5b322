/* A series through the Arrow C data interface, which outlives its value. */
#include "check.h"

struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};
struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

int main(void) {
  const int64_t times[] = {1000, 2000, 3000};
  const double values[] = {0.5, 1.5, 2.5};
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  struct ArrowSchema schema;
  struct ArrowArray array;
  haft_args_set_series(args, "points", times, values, NULL, 3);
  haft_args_set(args, "text", "no series");
  const haft_value *root = haft_args_value(args);
  memset(&schema, 0xff, sizeof schema);
  FAILS(haft_value_arrow(haft_value_at(root, "text"), &schema, &array, &error), HAFT_E_ARGUMENT, "not a series");
  CHECK(schema.release == NULL && array.release == NULL);
  FAILS(haft_value_arrow(haft_value_at(root, "points"), NULL, &array, &error), HAFT_E_ARGUMENT, "`schema` was NULL");
  FAILS(haft_value_arrow(haft_value_at(root, "points"), &schema, NULL, &error), HAFT_E_ARGUMENT, "`array` was NULL");
  CHECK(haft_value_arrow(haft_value_at(root, "points"), &schema, &array, &error) == HAFT_OK && error == NULL);
  haft_args_free(args);

  CHECK_TEXT(schema.format, "+s");
  CHECK(schema.n_children == 3 && array.n_children == 3 && array.length == 3 && array.n_buffers == 1);
  CHECK_TEXT(schema.children[0]->format, "tsm:UTC");
  CHECK_TEXT(schema.children[1]->format, "g");
  CHECK_TEXT(schema.children[2]->format, "I");
  CHECK_TEXT(schema.children[1]->name, "values");
  CHECK(((const int64_t *)array.children[0]->buffers[1])[2] == 3000);
  CHECK(((const double *)array.children[1]->buffers[1])[0] == 0.5);
  CHECK(((const uint32_t *)array.children[2]->buffers[1])[1] == 0);

  /* A child is moved out and lives on. */
  struct ArrowArray moved = *array.children[0];
  array.children[0]->release = NULL;
  array.release(&array);
  schema.release(&schema);
  CHECK(array.release == NULL && schema.release == NULL);
  CHECK(((const int64_t *)moved.buffers[1])[0] == 1000);
  moved.release(&moved);
  CHECK(moved.release == NULL);
  return 0;
}
