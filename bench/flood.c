/* A WebSocket server that floods (RFC 6455): one thread per connection, many messages in one write.
 *
 *     flood                    prints its port, serves until standard input ends
 *
 * GET /COUNT/SIZE is answered by the handshake, COUNT binary messages of SIZE bytes (at most 65535), and a close. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 64 << 10, KEY = 24 };

static uint32_t turned(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

/* SHA-1 (FIPS 180-4) of a text of 60 bytes: it takes two blocks. */
static void digest(const char text[60], unsigned char out[20]) {
  unsigned char padded[128] = {0};
  uint32_t sum[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  memcpy(padded, text, 60);
  padded[60] = 0x80;
  padded[126] = 480 >> 8;
  padded[127] = 480 & 255;
  for (int block = 0; block < 2; block++) {
    uint32_t words[80], v[5];
    for (int i = 0; i < 16; i++) {
      const unsigned char *at = padded + 64 * block + 4 * i;
      words[i] = (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
    }
    for (int i = 16; i < 80; i++) words[i] = turned(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    memcpy(v, sum, sizeof v);
    for (int i = 0; i < 80; i++) {
      uint32_t mixed = i < 20   ? ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999
                       : i < 40 ? (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1
                       : i < 60 ? ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc
                                : (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
      uint32_t next = turned(v[0], 5) + mixed + v[4] + words[i];
      v[4] = v[3], v[3] = v[2], v[2] = turned(v[1], 30), v[1] = v[0], v[0] = next;
    }
    for (int i = 0; i < 5; i++) sum[i] += v[i];
  }
  for (int i = 0; i < 20; i++) out[i] = (unsigned char)(sum[i / 4] >> (24 - 8 * (i % 4)));
}

/* What answers a key: 28 characters. */
static void accept_of(const char *key, char out[29]) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[61];
  unsigned char sum[21] = {0};
  memcpy(text, key, KEY);
  strcpy(text + KEY, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  digest(text, sum);
  for (int i = 0; i < 7; i++) {
    uint32_t three = (uint32_t)sum[3 * i] << 16 | sum[3 * i + 1] << 8 | sum[3 * i + 2];
    for (int j = 0; j < 4; j++) out[4 * i + j] = letters[three >> (18 - 6 * j) & 63];
  }
  strcpy(out + 27, "=");
}

static int put(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    bytes += sent;
    size -= (size_t)sent;
  }
  return 0;
}

static void *serve(void *argument) {
  int fd = (int)(intptr_t)argument, on = 1;
  char head[4096], answer[256], accepted[29], last[4] = {(char)0x88, 2, 1000 >> 8, (char)(1000 & 255)};
  size_t have = 0, count = 0, size = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  do {
    ssize_t got = recv(fd, head + have, sizeof head - 1 - have, 0);
    if (got <= 0) goto over;
    head[have += (size_t)got] = 0;
  } while (!strstr(head, "\r\n\r\n"));
  char *key = strcasestr(head, "\r\nsec-websocket-key:");
  if (key == NULL || sscanf(head, "GET /%zu/%zu", &count, &size) != 2 || size > 65535) goto over;
  for (key += 20; *key == ' '; key++) {}
  accept_of(key, accepted);
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        accepted);
  if (put(fd, answer, (size_t)length)) goto over;
  size_t extra = size < 126 ? 2 : 4, each = extra + size, whole = BLOCK / each + 1;
  char *block = malloc(whole * each);
  for (size_t i = 0; i < whole; i++) {
    char *frame = block + i * each;
    frame[0] = (char)0x82;
    frame[1] = (char)(size < 126 ? size : 126);
    if (extra == 4) frame[2] = (char)(size >> 8), frame[3] = (char)size;
    memset(frame + extra, 'm', size);
  }
  int broken = 0;
  for (size_t left = count; left > 0 && !broken;) {
    size_t now = left < whole ? left : whole;
    broken = put(fd, block, now * each);
    left -= now;
  }
  free(block);
  if (!broken && put(fd, last, sizeof last) == 0) recv(fd, head, sizeof head, 0);
over:
  close(fd);
  return NULL;
}

static void *stop_with_input(void *unused) {
  char byte;
  while (read(0, &byte, 1) > 0) {}
  exit(0);
  return unused;
}

int main(void) {
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof place;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pthread_t thread;
  if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 16) ||
      getsockname(listener, (struct sockaddr *)&place, &length))
    return perror("flood"), 1;
  printf("%d\n", ntohs(place.sin_port));
  fflush(stdout);
  pthread_create(&thread, NULL, stop_with_input, NULL);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0) pthread_detach(thread);
  }
}
