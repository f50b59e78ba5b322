/* libcurl easy as the client of work.c: one handle, kept; cookies and content codings off, as it starts out. */
#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
  CURL *easy;
  const char *base;
  char *body;
  size_t filled, room;
  char piece[64 << 10];
};

/* The whole body into memory: room for what was announced, then by doubling. */
static size_t collect(char *data, size_t one, size_t count, void *user_data) {
  struct client *client = user_data;
  (void)one;
  if (client->filled + count + 1 > client->room) {
    curl_off_t announced = 0;
    curl_easy_getinfo(client->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0) client->room = (size_t)announced + 1;
    while (client->filled + count + 1 > client->room) client->room = client->room ? client->room * 2 : 2048;
    client->body = realloc(client->body, client->room);
  }
  memcpy(client->body + client->filled, data, count);
  client->filled += count;
  client->body[client->filled] = 0;
  return count;
}

/* A piece into the host's own buffer. */
static size_t copy(char *data, size_t one, size_t count, void *user_data) {
  struct client *client = user_data;
  (void)one;
  memcpy(client->piece, data, count < sizeof client->piece ? count : sizeof client->piece);
  client->filled += count;
  return count;
}

struct client *client_open(const char *base, bool limits) {
  struct client *client = calloc(1, sizeof *client);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  client->easy = curl_easy_init();
  client->base = base;
  curl_easy_setopt(client->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, client);
  if (limits) {
    curl_easy_setopt(client->easy, CURLOPT_CONNECTTIMEOUT_MS, 30000L);
    curl_easy_setopt(client->easy, CURLOPT_TIMEOUT_MS, 60000L);
  }
  return client;
}

static void perform(struct client *client, const char *target, size_t size) {
  char url[256];
  long status = 0;
  snprintf(url, sizeof url, "%s%s", client->base, target);
  client->filled = client->room = 0;
  client->body = NULL;
  curl_easy_setopt(client->easy, CURLOPT_URL, url);
  CURLcode code = curl_easy_perform(client->easy);
  if (code != CURLE_OK) fprintf(stderr, "%s\n", curl_easy_strerror(code));
  curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
  must(code == CURLE_OK && status == 200 && client->filled == size, target);
  free(client->body);
}

void client_request(struct client *client, const char *method, const char *target, const char *body, size_t size) {
  curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, collect);
  if (body != NULL) {
    curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(client->easy, CURLOPT_CUSTOMREQUEST, method);
  }
  perform(client, target, size);
}

void client_options(struct client *client, const char *target, size_t size) {
  char full[256];
  char *value = curl_easy_escape(client->easy, "25", 0);
  struct curl_slist *fields = curl_slist_append(NULL, "X-Trace: 7f3a");
  snprintf(full, sizeof full, "%s?limit=%s", target, value);
  curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, fields);
  curl_easy_setopt(client->easy, CURLOPT_TIMEOUT_MS, 20000L);
  perform(client, full, size);
  curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(client->easy, CURLOPT_TIMEOUT_MS, 0L);
  curl_slist_free_all(fields);
  curl_free(value);
}

void client_stream(struct client *client, const char *target, size_t size) {
  curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, copy);
  perform(client, target, size);
}

struct source {
  size_t at, size;
};

static size_t give(char *buffer, size_t one, size_t size, void *user_data) {
  struct source *source = user_data;
  (void)one;
  if (size > source->size - source->at) size = source->size - source->at;
  memset(buffer, 'u', size);
  source->at += size;
  return size;
}

void client_upload(struct client *client, const char *target, size_t size) {
  struct source source = {0, size};
  /* Without this one it waits for `100 Continue`, which is not what is compared. */
  struct curl_slist *fields = curl_slist_append(NULL, "Expect:");
  curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(client->easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(client->easy, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(client->easy, CURLOPT_READDATA, &source);
  curl_easy_setopt(client->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
  curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, fields);
  perform(client, target, 0);
  curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all(fields);
}

void client_close(struct client *client) {
  curl_easy_cleanup(client->easy);
  curl_global_cleanup();
  free(client);
}
