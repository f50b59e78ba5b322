/* 43_mesh_arrow: read a series and hand it to Arrow without copying. Usage: 43_mesh_arrow [HOST:PORT]
 * The two structs are those of "The Arrow C data interface": a program that has Arrow takes them from its headers. */
#include <haft.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_MESH");
  char url[512];
  snprintf(url, sizeof url, "mesh+http://%s", server ? server : "localhost:50051");
  haft_session *session = NULL;
  check(haft_session_create(url, NULL, &session, &error));

  haft_args *args = haft_args_new();
  haft_args_set(args, "start", "2016-01-01T01:00:00Z");
  haft_args_set(args, "end", "2016-01-01T09:00:00Z");
  haft_args_set_bool(args, "trim", true);
  haft_response *response = NULL;
  check(haft_session_request(session, "read_series", "key:3", args, &response, &error));
  haft_args_free(args);

  struct ArrowSchema schema;
  struct ArrowArray array;
  check(haft_value_arrow(haft_response_value(response), &schema, &array, &error));
  const int64_t *here;
  haft_value_series(haft_response_value(response), &here, NULL, NULL);
  const int64_t *times = array.children[0]->buffers[1];
  const double *values = array.children[1]->buffers[1];
  int same = here == times;
  /* The columns belong to Arrow as well: the answer may go. */
  haft_response_free(response);
  double sum = 0;
  for (int64_t row = 0; row < array.length; row++) {
    printf("%" PRId64 " %s %g\n", times[row], schema.children[1]->name, values[row]);
    if (values[row] == values[row]) sum += values[row];
  }
  int right = same && array.length == 8 && sum == 3200;
  schema.release(&schema);
  array.release(&array);

  check(haft_session_close(session, NULL, &error));
  haft_session_free(session);
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
