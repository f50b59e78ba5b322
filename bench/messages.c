/* A flood of WebSocket messages: haft with a callback, or one socket that is read 64 KiB at a time and whose frames are
 * walked, which is the least that anybody can do.
 *
 *     messages-haft|messages-raw PORT COUNT SIZE [poll]
 *
 * With `poll` they are taken out of the session's queue instead. Prints, as JSON, the CPU in microseconds. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static long cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void must(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "messages: %s went wrong\n", what);
  exit(1);
}

#ifdef HAFT
#include "haft.h"
#include <semaphore.h>

struct hearer {
  size_t size;
  long wanted, count, bytes;
  sem_t over;
};

/* Looks at a message as a program would: its kind, its value, its bytes. */
static void look(struct hearer *hearer, const haft_event *event) {
  size_t size;
  if (haft_event_kind(event) != HAFT_EVENT_MESSAGE) return;
  const unsigned char *bytes = haft_value_bytes(haft_event_value(event), &size);
  must(bytes != NULL && size == hearer->size && bytes[0] == 'm', "a message");
  hearer->bytes += (long)size;
  if (++hearer->count == hearer->wanted) sem_post(&hearer->over);
}

static void hear(void *user_data, haft_event *event) {
  look(user_data, event);
  haft_event_free(event);
}

static long run(const char *port, long count, size_t size, bool polls) {
  char base[64], name[64];
  haft_session *session = NULL, *socket = NULL;
  haft_args *args = haft_args_new();
  struct hearer hearer = {.size = size, .wanted = count};
  sem_init(&hearer.over, 0, 0);
  snprintf(base, sizeof base, "http://127.0.0.1:%s", port);
  snprintf(name, sizeof name, "ws:/%ld/%zu", count, size);
  must(haft_session_create(base, NULL, &session, NULL) == HAFT_OK, "create");
  long began = cpu();
  must(haft_session_attach(session, name, NULL, &socket, NULL) == HAFT_OK, "attach");
  /* None may be lost: the server waits for who hears. */
  haft_args_set(args, "overflow", "wait");
  must(haft_session_subscribe(socket, "*", args, polls ? NULL : hear, &hearer, NULL, NULL, NULL) == HAFT_OK, "subscribe");
  while (polls && hearer.count < count) {
    haft_event *event = NULL;
    must(haft_session_poll(socket, 60000, &event, NULL) == HAFT_OK && event != NULL, "poll");
    hear(&hearer, event);
  }
  if (!polls) sem_wait(&hearer.over);
  long used = cpu() - began;
  must(hearer.bytes == count * (long)size, "the count");
  haft_session_free(socket);
  must(haft_session_close(session, NULL, NULL) == HAFT_OK, "close");
  haft_session_free(session);
  haft_args_free(args);
  return used;
}
#else
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static long run(const char *port, long count, size_t size, bool polls) {
  static unsigned char buffer[64 << 10];
  char head[256];
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), over = 0;
  size_t have = 0;
  long seen = 0, bytes = 0;
  (void)polls;
  place.sin_port = htons((uint16_t)atoi(port));
  long began = cpu();
  must(connect(fd, (struct sockaddr *)&place, sizeof place) == 0, "connect");
  int length = snprintf(head, sizeof head,
                        "GET /%ld/%zu HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        count, size);
  must(send(fd, head, (size_t)length, 0) == length, "send");
  unsigned char *end;
  do {
    ssize_t got = recv(fd, buffer + have, sizeof buffer - have, 0);
    must(got > 0, "the handshake");
    have += (size_t)got;
  } while ((end = memmem(buffer, have, "\r\n\r\n", 4)) == NULL);
  have -= (size_t)(end + 4 - buffer);
  memmove(buffer, end + 4, have);
  while (!over) {
    size_t at = 0;
    while (have - at >= 4) {
      const unsigned char *frame = buffer + at;
      size_t extra = frame[1] < 126 ? 2 : 4, payload = frame[1] < 126 ? frame[1] : (size_t)frame[2] << 8 | frame[3];
      if (have - at < extra + payload) break;
      if (frame[0] == 0x88) {
        over = 1;
        break;
      }
      must(frame[0] == 0x82 && payload == size && frame[extra] == 'm', "a message");
      seen++;
      bytes += (long)payload;
      at += extra + payload;
    }
    memmove(buffer, buffer + at, have -= at);
    if (over) break;
    ssize_t got = recv(fd, buffer + have, sizeof buffer - have, 0);
    must(got > 0, "recv");
    have += (size_t)got;
  }
  long used = cpu() - began;
  must(seen == count && bytes == count * (long)size, "the count");
  close(fd);
  return used;
}
#endif

int main(int count, char **arguments) {
  if (count < 4) return 2;
  long used = run(arguments[1], strtol(arguments[2], NULL, 10), strtoul(arguments[3], NULL, 10), count > 4);
  printf("{\"cpu\": %ld}\n", used);
  return 0;
}
