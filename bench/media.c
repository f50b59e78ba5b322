/* Media through haft: media URL echo FILE COPY | connect FILE COUNT | many FILE COUNT. `echo` plays a file over EchoTest and
 * records what comes back; `connect` makes the connection COUNT times and no more; `many` plays the file COUNT times at once,
 * all on one session. Each prints what the calls returned, and the processor time and the memory that they took. */
#define _GNU_SOURCE
#include "haft.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static haft_error *error;

static void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "media: %s: %s\n", what, error ? haft_error_message(error) : "not as it should be");
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* KiB: VmRSS is what is resident, VmHWM the most that ever was. What getrusage tells may be the memory of who started us. */
static long memory(const char *what) {
  char line[256];
  long found = 0;
  FILE *status = fopen("/proc/self/status", "r");
  must(status != NULL, "/proc/self/status");
  while (fgets(line, sizeof line, status))
    if (strncmp(line, what, strlen(what)) == 0) found = atol(line + strlen(what) + 1);
  fclose(status);
  return found;
}

static double used(void) {
  struct rusage now;
  getrusage(RUSAGE_SELF, &now);
  return (double)(now.ru_utime.tv_sec + now.ru_stime.tv_sec) + (double)(now.ru_utime.tv_usec + now.ru_stime.tv_usec) / 1e6;
}

static haft_session *attach(haft_session *session) {
  haft_session *handle = NULL;
  must(haft_session_attach(session, "janus.plugin.echotest", NULL, &handle, &error) == HAFT_OK, "attach");
  return handle;
}

static void print(const haft_response *response) {
  char *json = haft_value_json(haft_response_value(response));
  printf("%s", json ? json : "null");
  haft_string_free(json);
}

static void echo(haft_session *session, const char *file, const char *copy) {
  haft_session *handle = attach(session);
  haft_response *response = NULL;
  haft_args *args = haft_args_new();
  haft_args_set(args, "play_from", file);
  haft_args_set(args, "record_to", copy);
  must(haft_session_request(handle, "media", NULL, args, &response, &error) == HAFT_OK, "media");
  haft_args_free(args);
  print(response);
  haft_response_free(response);
  haft_session_free(handle);
}

static void connect_only(haft_session *session, const char *file, long count) {
  for (long at = 0; at < count; at++) {
    haft_session *handle = attach(session);
    haft_response *response = NULL;
    haft_args *args = haft_args_new();
    haft_args_set(args, "play_from", file);
    haft_args_set(args, "until", "connected");
    must(haft_session_request(handle, "media", NULL, args, &response, &error) == HAFT_OK, "media");
    haft_args_free(args);
    if (at > 0) printf(", ");
    print(response);
    haft_response_free(response);
    must(haft_session_request(handle, "media_stop", NULL, NULL, NULL, &error) == HAFT_OK, "media_stop");
    must(haft_session_request(handle, "detach", NULL, NULL, NULL, &error) == HAFT_OK, "detach");
    haft_session_free(handle);
  }
}

static void many(haft_session *session, const char *file, long count) {
  haft_session **handles = calloc((size_t)count, sizeof *handles);
  must(handles != NULL, "memory");
  for (long at = 0; at < count; at++) handles[at] = attach(session);
  for (long at = 0; at < count; at++) {
    haft_args *args = haft_args_new();
    haft_args_set(args, "play_from", file);
    must(haft_session_submit(handles[at], "media", NULL, args, NULL, &error) == HAFT_OK, "media");
    haft_args_free(args);
  }
  for (long at = 0; at < count; at++) {
    haft_response *response = NULL;
    while (response == NULL) {
      haft_event *event = NULL;
      must(haft_session_poll(handles[at], 120000, &event, &error) == HAFT_OK && event != NULL, "an event");
      if (haft_event_error(event)) fprintf(stderr, "media: %s\n", haft_error_message(haft_event_error(event)));
      if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) must((response = haft_event_take_response(event)) != NULL, "an answer");
      haft_event_free(event);
    }
    if (at > 0) printf(", ");
    print(response);
    haft_response_free(response);
    haft_session_free(handles[at]);
  }
  free(handles);
}

int main(int argc, char **argv) {
  must(argc == 5, "usage: media URL echo|connect|many FILE COPY|COUNT");
  const char *mode = argv[2], *file = argv[3];
  haft_session *session = NULL;
  must(haft_session_create(argv[1], NULL, &session, &error) == HAFT_OK, "create");
  long before = memory("VmRSS");
  double began = now(), spent = used();
  printf("{\"values\": [");
  if (strcmp(mode, "echo") == 0) echo(session, file, argv[4]);
  else if (strcmp(mode, "connect") == 0) connect_only(session, file, atol(argv[4]));
  else many(session, file, atol(argv[4]));
  printf("], \"cpu\": %.6f, \"took\": %.6f, \"memory\": %ld, \"before\": %ld}\n", used() - spent, now() - began,
         memory("VmHWM"), before);
  haft_session_close(session, NULL, NULL);
  haft_session_free(session);
  return 0;
}
