/* The server that both sides are measured against: one thread per connection, answers made once, nothing logged.
 *
 *     server DOCUMENT          prints its port, serves until standard input ends
 *
 * GET /size/N answers N bytes, GET /chunked/N the same in chunks, GET /document the file, anything with a body an empty
 * 200 once the body was read. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEAD_MAX = 16 << 10, LARGEST = 64 << 20 };

static char *alphabet, *document;
static size_t document_size;

/* Sends head and body whole. */
static int answer(int fd, const char *type, const char *body, size_t size) {
  char head[256];
  int length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, size);
  struct iovec parts[2] = {{head, (size_t)length}, {(void *)body, size}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  while (parts[0].iov_len + parts[1].iov_len > 0) {
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    for (int i = 0; i < 2; i++) {
      size_t used = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + used;
      parts[i].iov_len -= used;
      sent -= (ssize_t)used;
    }
  }
  return 0;
}

/* Sends so many bytes in chunks of at most 16 KiB. */
static int answer_chunked(int fd, size_t size) {
  enum { CHUNK = 16 << 10 };
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
  char *out = malloc(sizeof head + size + (size / CHUNK + 2) * 16);
  char *end = stpcpy(out, head);
  for (size_t left = size; left > 0;) {
    size_t now = left < CHUNK ? left : CHUNK;
    end += sprintf(end, "%zx\r\n", now);
    end = mempcpy(end, alphabet, now);
    end = mempcpy(end, "\r\n", 2);
    left -= now;
  }
  end = stpcpy(end, "0\r\n\r\n");
  int result = 0;
  for (char *at = out; at < end && result == 0;) {
    ssize_t sent = send(fd, at, (size_t)(end - at), MSG_NOSIGNAL);
    if (sent <= 0) result = -1;
    at += sent;
  }
  free(out);
  return result;
}

static int receive(int fd, char *buffer, size_t room, size_t *have) {
  ssize_t count = recv(fd, buffer + *have, room - *have, 0);
  if (count <= 0) return -1;
  *have += (size_t)count;
  return 0;
}

/* Reads a body of `left` bytes, of which some may be in the buffer, and throws it away. */
static int swallow(int fd, char *buffer, size_t *have, size_t left) {
  static const size_t room = 256 << 10;
  char *scratch = malloc(room);
  size_t now = *have < left ? *have : left;
  memmove(buffer, buffer + now, *have -= now);
  left -= now;
  while (left > 0) {
    ssize_t count = recv(fd, scratch, left < room ? left : room, 0);
    if (count <= 0) break;
    left -= (size_t)count;
  }
  free(scratch);
  return left > 0 ? -1 : 0;
}

static void *serve(void *argument) {
  int fd = (int)(intptr_t)argument, on = 1;
  char *buffer = malloc(HEAD_MAX + 1);
  size_t have = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (;;) {
    char *end;
    while (buffer[have] = 0, (end = strstr(buffer, "\r\n\r\n")) == NULL)
      if (have == HEAD_MAX || receive(fd, buffer, HEAD_MAX, &have)) goto over;
    *end = 0;
    char *length = strcasestr(buffer, "\r\ncontent-length:");
    size_t size = length ? strtoul(length + 17, NULL, 10) : 0;
    char *target = strchr(buffer, ' ');
    if (target == NULL || strcasestr(buffer, "\r\ntransfer-encoding:")) goto over;
    size_t wanted = strncmp(target, " /size/", 7) ? 0 : strtoul(target + 7, NULL, 10);
    int is_document = !strncmp(target, " /document", 10);
    int asks = strcasestr(buffer, "\r\nexpect:") != NULL;
    size_t head = (size_t)(end + 4 - buffer);
    memmove(buffer, end + 4, have -= head);
    if (asks && send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) != 25) goto over;
    if (size > 0 && swallow(fd, buffer, &have, size)) goto over;
    if (!strncmp(target, " /chunked/", 10)) {
      if (answer_chunked(fd, strtoul(target + 10, NULL, 10))) goto over;
      continue;
    }
    if (is_document ? answer(fd, "application/json", document, document_size)
                    : answer(fd, "text/plain", alphabet, wanted < LARGEST ? wanted : LARGEST))
      goto over;
  }
over:
  free(buffer);
  close(fd);
  return NULL;
}

static void *stop_with_input(void *unused) {
  char byte;
  while (read(0, &byte, 1) > 0) {}
  exit(0);
  return unused;
}

int main(int count, char **arguments) {
  FILE *file = count > 1 ? fopen(arguments[1], "rb") : NULL;
  if (file != NULL) {
    fseek(file, 0, SEEK_END);
    document_size = (size_t)ftell(file);
    document = malloc(document_size + 1);
    rewind(file);
    if (fread(document, 1, document_size, file) != document_size) return 1;
    fclose(file);
  }
  alphabet = malloc(LARGEST);
  for (size_t i = 0; i < LARGEST; i++) alphabet[i] = (char)('a' + i % 26);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 128) ||
      getsockname(listener, (struct sockaddr *)&address, &size))
    return perror("server"), 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  pthread_t thread;
  pthread_create(&thread, NULL, stop_with_input, NULL);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0) pthread_detach(thread);
  }
}
