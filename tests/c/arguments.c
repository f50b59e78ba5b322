/* Arguments are written, shown and refused. */
#include "check.h"

static int64_t give(void *data, void *buffer, size_t size) {
  (void)data, (void)buffer, (void)size;
  return 0;
}
static haft_status provide(void *data, const haft_value *call, haft_args *reply) {
  (void)data, (void)call, (void)reply;
  return HAFT_OK;
}

/* The first mistake comes out of the call that takes the args. */
static void mistaken(haft_args *args, const char *message, int line) {
  haft_session *session = (haft_session *)args;
  haft_error *error = NULL;
  fails(haft_session_create("http://localhost", args, &session, &error), HAFT_E_ARGUMENT, &error, message, line);
  CHECK(session == NULL);
  haft_args_free(args);
}
#define MISTAKEN(message) mistaken(args, (message), __LINE__)

int main(void) {
  haft_args *args = haft_args_new();
  const char bytes[] = {'a', 0, 'b'};
  const int64_t times[] = {1000, 2000};
  const double values[] = {0.5, 1.5};
  const uint32_t flags[] = {7, 9};
  haft_args_set(args, "name", "J\xc3\xbcrgen");
  haft_args_set_int(args, "int", INT64_MIN);
  haft_args_set_double(args, "double", 0.1);
  haft_args_set_bool(args, "bool", true);
  haft_args_set_null(args, "null");
  haft_args_set_json(args, "json", "{\"list\": [1, 2.50, \"x\\u0000y\"], \"a.b\": 3}");
  haft_args_set_json(args, NULL, "{\"merged\": true}");
  haft_args_set_bytes(args, "bytes", bytes, sizeof bytes);
  haft_args_set_series(args, "series", times, values, flags, 2);
  haft_args_set(args, "headers.X-A.b", "dotted");
  haft_args_set(args, "params.q[]", "1");
  haft_args_set(args, "params.q[]", "2");
  haft_args_set(args, "twice", "first");
  haft_args_set(args, "twice", "second");

  const haft_value *root = haft_args_value(args);
  size_t size = 0;
  const char *key = NULL;
  CHECK(haft_value_type(root) == HAFT_TYPE_OBJECT);
  CHECK_TEXT(haft_value_string(haft_value_at(root, "/name"), &size), "J\xc3\xbcrgen");
  CHECK(size == 7);
  CHECK(haft_value_int(haft_value_at(root, "int"), 0) == INT64_MIN);
  CHECK(haft_value_double(haft_value_at(root, "double"), 0) == 0.1);
  CHECK(haft_value_int(haft_value_at(root, "double"), 5) == 5);
  CHECK(haft_value_bool(haft_value_at(root, "bool"), false) && haft_value_bool(haft_value_at(root, "merged"), false));
  CHECK(haft_value_type(haft_value_at(root, "null")) == HAFT_TYPE_NULL && haft_value_at(root, "null") != NULL);
  CHECK(haft_value_at(root, "absent") == NULL && haft_value_at(root, "\xff") == NULL && haft_value_at(root, NULL) == NULL);
  CHECK(haft_value_at(root, "") == root);
  CHECK(haft_value_count(haft_value_at(root, "/json/list")) == 3);
  CHECK_TEXT(haft_value_string(haft_value_at(root, "/json/list/1"), NULL), "2.50");
  CHECK(memcmp(haft_value_string(haft_value_at(root, "/json/list/2"), &size), "x\0y", 4) == 0 && size == 3);
  CHECK(haft_value_int(haft_value_at(root, "/json/a.b"), 0) == 3);
  CHECK(memcmp(haft_value_bytes(haft_value_at(root, "bytes"), &size), bytes, 3) == 0 && size == 3);
  CHECK_TEXT(haft_value_string(haft_value_at(root, "bytes"), &size), "");
  CHECK(size == 0);
  CHECK_TEXT(haft_value_string(haft_value_at(root, "/headers/X-A.b"), NULL), "dotted");
  CHECK(haft_value_count(haft_value_at(root, "/params/q")) == 2);
  CHECK_TEXT(haft_value_string(haft_value_at(root, "twice"), NULL), "second");
  CHECK_TEXT(haft_value_string(haft_value_item(root, 0, &key), NULL), "J\xc3\xbcrgen");
  CHECK_TEXT(key, "name");
  CHECK(haft_value_item(root, 10000, &key) == NULL && key == NULL);
  CHECK(haft_value_item(haft_value_at(root, "/json/list"), 0, &key) != NULL && key == NULL);

  /* A value may be set elsewhere. */
  haft_args *other = haft_args_new();
  haft_args_set_value(other, "copy", haft_value_at(root, "json"));
  haft_args_set_value(other, "points", haft_value_at(root, "series"));
  char *json = haft_value_json(haft_value_at(haft_args_value(other), "copy"));
  CHECK(strstr(json, "2.50") != NULL);
  haft_string_free(json);
  haft_args_free(args);
  const int64_t *t = NULL;
  const double *v = NULL;
  const uint32_t *f = NULL;
  const haft_value *points = haft_value_at(haft_args_value(other), "points");
  CHECK(haft_value_type(points) == HAFT_TYPE_SERIES && haft_value_count(points) == 2);
  CHECK(haft_value_series(points, &t, &v, &f) == 2 && t[1] == 2000 && v[0] == 0.5 && f[1] == 9);
  haft_args_free(other);

  /* Mistakes stick, the first one wins, and each names its key. */
  args = haft_args_new();
  haft_args_set(args, "headers.X-A", NULL);
  haft_args_set(args, "later", "\xff");
  MISTAKEN("headers.X-A");
  args = haft_args_new();
  haft_args_set(args, "headers.X-A", "ab\xff");
  MISTAKEN("not UTF-8 at byte 2");
  args = haft_args_new();
  haft_args_set(args, NULL, "a");
  MISTAKEN("`key` was NULL");
  args = haft_args_new();
  haft_args_set_json(args, "json", "{");
  MISTAKEN("json");
  args = haft_args_new();
  haft_args_set_bytes(args, "data", NULL, 3);
  MISTAKEN("`data` was NULL");
  args = haft_args_new();
  haft_args_set_series(args, "points", times, NULL, NULL, 2);
  MISTAKEN("`values` was NULL");
  args = haft_args_new();
  haft_args_set_value(args, "copy", NULL);
  MISTAKEN("`value` was NULL");

  /* Drops: when registering fails, when replaced, when freed; once each. */
  int drops = 0;
  args = haft_args_new();
  haft_args_set_reader(args, "data", -1, NULL, &drops, count_drop);
  CHECK(drops == 1);
  haft_args_set_provider(args, "auth", NULL, &drops, count_drop);
  CHECK(drops == 2);
  haft_args_set_reader(args, NULL, -1, give, &drops, count_drop);
  CHECK(drops == 3);
  MISTAKEN("`read` was NULL");
  CHECK(drops == 3);
  args = haft_args_new();
  haft_args_set_reader(args, "data", 10, give, &drops, count_drop);
  haft_args_set_provider(args, "auth", provide, &drops, count_drop);
  CHECK(drops == 3);
  haft_args_set_reader(args, "data", 10, give, &drops, count_drop);
  CHECK(drops == 4);
  other = haft_args_new();
  haft_args_set_value(other, "body", haft_args_value(args));
  haft_args_free(args);
  CHECK(drops == 4);
  haft_args_free(other);
  CHECK(drops == 6);
  return 0;
}
