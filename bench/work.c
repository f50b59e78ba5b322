/* The same work through either client.
 *
 *     work MODE BASE COUNT [limits]
 *
 * Prints, as JSON, the CPU of COUNT repetitions (user and system, in microseconds), the peak of resident memory and
 * what it grew by during the second half, in KiB, the threads while it worked, and the descriptors left at the end. */
#define _GNU_SOURCE
#include "client.h"

#include <dirent.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { LARGE = 16 << 20, THREADS = 32 };

void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "work: %s went wrong\n", what);
  exit(1);
}

static long cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* A number of /proc/self/status. */
static long status(const char *name) {
  char line[256];
  long number = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) number = strtol(line + strlen(name) + 1, NULL, 10);
  fclose(file);
  return number;
}

static int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (readdir(folder)) count++;
  closedir(folder);
  return count;
}

static void once(struct client *client, const char *mode) {
  if (!strcmp(mode, "get")) client_request(client, "GET", "/size/1024", NULL, 1024);
  else if (!strcmp(mode, "options")) client_options(client, "/size/1024", 1024);
  else if (!strcmp(mode, "post")) client_request(client, "POST", "/upload", "a small body", 0);
  else if (!strcmp(mode, "put")) client_request(client, "PUT", "/upload", "a small body", 0);
  else if (!strcmp(mode, "patch")) client_request(client, "PATCH", "/upload", "a small body", 0);
  else if (!strcmp(mode, "whole")) client_request(client, "GET", "/size/16777216", NULL, LARGE);
  else if (!strcmp(mode, "stream")) client_stream(client, "/size/16777216", LARGE);
  else if (!strcmp(mode, "small chunks")) client_request(client, "GET", "/chunked/1024", NULL, 1024);
  else if (!strcmp(mode, "chunks")) client_request(client, "GET", "/chunked/16777216", NULL, LARGE);
  else if (!strcmp(mode, "upload")) client_upload(client, "/upload", LARGE);
  else must(false, mode);
}

struct share {
  struct client *client;
  long count;
};

static void *many(void *argument) {
  struct share *share = argument;
  for (long i = 0; i < share->count; i++) once(share->client, "get");
  return NULL;
}

int main(int count, char **arguments) {
  must(count >= 4, "the command line");
  const char *mode = arguments[1];
  long repeats = strtol(arguments[3], NULL, 10);
  int before = descriptors();
  struct client *client = client_open(arguments[2], count > 4);
  bool threads = !strcmp(mode, "threads");
  once(client, threads ? "get" : mode);
  long began = cpu(), half = 0, most = 0;
  if (threads) {
    pthread_t list[THREADS];
    struct share share = {client, repeats};
    for (int i = 0; i < THREADS; i++) must(pthread_create(&list[i], NULL, many, &share) == 0, "a thread");
    for (int i = 0; i < THREADS; i++) pthread_join(list[i], NULL);
  }
  for (long i = 0; i < repeats && !threads; i++) {
    once(client, mode);
    if (i == repeats / 2) half = status("VmRSS");
  }
  long used = cpu() - began, resident = status("VmRSS");
  most = status("Threads");
  client_close(client);
  printf("{\"cpu\": %ld, \"peak\": %ld, \"growth\": %ld, \"threads\": %ld, \"descriptors\": %d}\n", used, status("VmHWM"),
         half ? resident - half : 0, most, descriptors() - before);
  return 0;
}
