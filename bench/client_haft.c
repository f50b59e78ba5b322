/* haft as the client of work.c. */
#include "client.h"
#include "haft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
  haft_session *session;
  haft_args *stream;
  char piece[64 << 10];
};

static void fine(haft_status status, haft_error *error) {
  if (status != HAFT_OK) fprintf(stderr, "%s\n", haft_error_message(error));
  must(status == HAFT_OK, "haft");
}

struct client *client_open(const char *base, bool limits) {
  struct client *client = calloc(1, sizeof *client);
  haft_args *args = haft_args_new();
  haft_error *error = NULL;
  if (limits) {
    haft_args_set_int(args, "timeout", 30);
    haft_args_set_int(args, "timeouts.total", 60);
  }
  fine(haft_session_create(base, args, &client->session, &error), error);
  haft_args_free(args);
  client->stream = haft_args_new();
  haft_args_set_bool(client->stream, "stream", true);
  return client;
}

static void request(struct client *client, const char *method, const char *target, haft_args *args, size_t size) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  size_t got;
  fine(haft_session_request(client->session, method, target, args, &response, &error), error);
  must(haft_response_status(response) == 200 && haft_response_body(response, &got)[0] == (size ? 'a' : 0) && got == size, target);
  haft_response_free(response);
}

void client_request(struct client *client, const char *method, const char *target, const char *body, size_t size) {
  haft_args *args = NULL;
  if (body != NULL) {
    args = haft_args_new();
    haft_args_set(args, "data", body);
  }
  request(client, method, target, args, size);
  haft_args_free(args);
}

void client_options(struct client *client, const char *target, size_t size) {
  haft_args *args = haft_args_new();
  haft_args_set(args, "headers.X-Trace", "7f3a");
  haft_args_set(args, "params.limit", "25");
  haft_args_set_int(args, "timeout", 20);
  request(client, "GET", target, args, size);
  haft_args_free(args);
}

void client_stream(struct client *client, const char *target, size_t size) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  size_t got, sum = 0;
  fine(haft_session_request(client->session, "GET", target, client->stream, &response, &error), error);
  do {
    fine(haft_response_read(response, client->piece, sizeof client->piece, &got, &error), error);
    sum += got;
  } while (got > 0);
  must(sum == size, target);
  haft_response_free(response);
}

/* A reader with a place; the bytes are the same all over. */
struct source {
  size_t at, size;
};

static int64_t give(void *user_data, void *buffer, size_t size) {
  struct source *source = user_data;
  if (buffer == NULL) return source->at = 0, 0;
  if (size > source->size - source->at) size = source->size - source->at;
  memset(buffer, 'u', size);
  source->at += size;
  return (int64_t)size;
}

void client_upload(struct client *client, const char *target, size_t size) {
  struct source source = {0, size};
  haft_args *args = haft_args_new();
  haft_args_set_reader(args, "data", (int64_t)size, give, &source, NULL);
  request(client, "PUT", target, args, 0);
  haft_args_free(args);
}

void client_close(struct client *client) {
  haft_args_free(client->stream);
  fine(haft_session_close(client->session, NULL, NULL), NULL);
  haft_session_free(client->session);
  free(client);
}
