/* 03_post: JSON, a form, and a file that is read while it is sent. Usage: 03_post [URL] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(haft_status status, haft_error **error) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(*error));
  exit(EXIT_FAILURE);
}

/* A million bytes that exist only while they are sent. */
struct source {
  int64_t size, sent;
  int dropped;
};

static int64_t read_source(void *user_data, void *buffer, size_t size) {
  struct source *source = user_data;
  if (buffer == NULL) { /* go back to the start, for a redirect or a retry */
    source->sent = 0;
    return 0;
  }
  int64_t left = source->size - source->sent;
  int64_t count = left < (int64_t)size ? left : (int64_t)size;
  memset(buffer, 'x', (size_t)count);
  source->sent += count;
  printf("  sent %3d%%\n", (int)(100 * source->sent / source->size));
  return count;
}

static void drop_source(void *user_data) { ((struct source *)user_data)->dropped++; }

/* Posts, and prints what the server says it got at `pointer`. */
static void post(haft_session *session, const haft_args *args, const char *pointer) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  check(haft_session_request(session, "POST", "/post", args, &response, &error), &error);
  char *json = haft_value_json(haft_value_at(haft_response_value(response), pointer));
  printf("%s = %.60s%s\n", pointer, json, strlen(json) > 60 ? "..." : "");
  if (haft_response_status(response) != 200 || json[0] == '\0') exit(EXIT_FAILURE);
  haft_string_free(json);
  haft_response_free(response);
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  check(haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error), &error);

  haft_args *json = haft_args_new();
  haft_args_set(json, "json.title", "Gr\xc3\xbc\xc3\x9f" "e"); /* UTF-8 */
  haft_args_set_int(json, "json.count", 3);
  haft_args_set_json(json, "json.tags", "[\"a\", \"b\"]");
  post(session, json, "/json");

  haft_args *form = haft_args_new();
  haft_args_set(form, "data.name", "Jane Doe");
  haft_args_set(form, "data.colour[]", "red");
  haft_args_set(form, "data.colour[]", "green");
  post(session, form, "/form");

  /* With `files` the form becomes multipart. A file is a path, or a list of name, content and type, which `[]` fills
   * item by item. A reader is never held in memory as a whole. */
  struct source source = {1000000, 0, 0};
  haft_args *files = haft_args_new();
  haft_args_set(files, "data.note", "see attachment");
  haft_args_set(files, "files.large[]", "large.bin");
  haft_args_set_reader(files, "files.large[]", source.size, read_source, &source, drop_source);
  haft_args_set(files, "files.large[]", "application/x-example");
  post(session, files, "/parts");

  haft_args_free(json);
  haft_args_free(form);
  haft_args_free(files);
  haft_session_free(session);
  return source.sent == source.size && source.dropped == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
