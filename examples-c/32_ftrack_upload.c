/* 32_ftrack_upload: a film goes to the server in parts and comes back, and tells how far it is. Usage: 32_ftrack_upload [URL USER KEY] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 4000000 };

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

/* Submits, shows progress, and returns the answer. */
static haft_response *follow(haft_session *session, const char *verb, const char *target, haft_args *args, const char *moved) {
  haft_response *response = NULL;
  int64_t seen = 0;
  haft_args_set_bool(args, "progress", true);
  check(haft_session_submit(session, verb, target, args, NULL, &error));
  haft_args_free(args);
  while (response == NULL) {
    haft_event *event = NULL;
    check(haft_session_poll(session, 20000, &event, &error));
    if (event == NULL) exit(EXIT_FAILURE); /* twenty seconds of nothing */
    if (haft_event_kind(event) == HAFT_EVENT_PROGRESS) {
      /* Over all parts together; it never falls, also when a part has to be sent again. */
      int64_t now = haft_value_int(haft_value_at(haft_event_value(event), moved), 0);
      if (now < seen) exit(EXIT_FAILURE);
      if (now / 1000000 > seen / 1000000) printf("%s: %d %%\n", verb, (int)(now * 100 / SIZE));
      seen = now;
    } else if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      if (haft_event_error(event)) fprintf(stderr, "%s\n", haft_error_message(haft_event_error(event)));
      response = haft_event_take_response(event);
      if (response == NULL) exit(EXIT_FAILURE);
    }
    haft_event_free(event);
  }
  return response;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_FTRACK");
  const char *user = argc > 2 ? argv[2] : getenv("HAFT_DEMO_FTRACK_USER");
  const char *key = argc > 3 ? argv[3] : getenv("HAFT_DEMO_FTRACK_KEY");
  const char *film = "32_film.mov", *copy = "32_copy.mov";
  char url[512], address[128];
  snprintf(url, sizeof url, "ftrack+%s", server);

  FILE *file = fopen(film, "wb");
  if (file == NULL) return EXIT_FAILURE;
  for (int at = 0; at < SIZE; at++) fputc(at * 31 / 7 & 0xff, file);
  fclose(file);

  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "api_user", user);
  haft_args_set(args, "api_key", key);
  haft_args_set_bool(args, "schema_cache_path", false);
  check(haft_session_create(url, args, &session, &error));
  haft_args_free(args);

  /* Large files are cut by themselves; this one is small, so it is told. */
  args = haft_args_new();
  haft_args_set_int(args, "parts", 4);
  haft_args_set(args, "data.name", "dailies");
  haft_response *made = follow(session, "upload", film, args, "sent");
  const haft_value *component = haft_response_value(made);
  snprintf(address, sizeof address, "FileComponent/%s", haft_value_string(haft_value_at(component, "id"), NULL));
  printf("%s%s is there with %ld bytes\n", haft_value_string(haft_value_at(component, "name"), NULL),
         haft_value_string(haft_value_at(component, "file_type"), NULL), (long)haft_value_int(haft_value_at(component, "size"), 0));
  haft_response_free(made);

  /* Cut off, the same call goes on where this one ended. */
  args = haft_args_new();
  haft_args_set(args, "save_to", copy);
  haft_args_set_int(args, "parts", 2);
  haft_args_set_bool(args, "resume", true);
  haft_response *back = follow(session, "download", address, args, "received");
  int64_t moved = haft_value_int(haft_response_value(back), 0);
  printf("%ld bytes came back\n", (long)moved);
  haft_response_free(back);

  int same = moved == SIZE;
  FILE *one = fopen(film, "rb"), *other = fopen(copy, "rb");
  for (int byte = 0; same && one && other && byte != EOF;) same = (byte = fgetc(one)) == fgetc(other);
  if (one) fclose(one);
  if (other) fclose(other);
  printf("they are %s\n", same ? "the same" : "different");

  check(haft_session_request(session, "delete", address, NULL, NULL, &error));
  check(haft_session_close(session, NULL, &error));
  haft_session_free(session);
  remove(film);
  remove(copy);
  return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
