/* The floor under work.c: one socket, the same bytes, no protocol. What is left is the system's own work. */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
  int fd;
  bool limits;
  char piece[64 << 10];
};

struct client *client_open(const char *base, bool limits) {
  struct client *client = calloc(1, sizeof *client);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  address.sin_port = htons((uint16_t)atoi(strrchr(base, ':') + 1));
  client->limits = limits;
  client->fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  must(connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  return client;
}

/* Reads an answer whose body has so many bytes. */
static void answer(struct client *client, size_t size) {
  size_t got = 0, all = 0;
  do {
    struct pollfd wanted = {client->fd, POLLIN, 0};
    if (client->limits && all == 0) poll(&wanted, 1, 30000);
    ssize_t count = recv(client->fd, client->piece, sizeof client->piece - 1, 0);
    must(count > 0, "recv");
    if (all == 0) {
      client->piece[count] = 0;
      char *end = strstr(client->piece, "\r\n\r\n");
      must(end != NULL, "the head");
      all = (size_t)(end + 4 - client->piece) + size;
    }
    got += (size_t)count;
  } while (got < all);
}

void client_request(struct client *client, const char *method, const char *target, const char *body, size_t size) {
  char head[512];
  int length = snprintf(head, sizeof head,
                        "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: raw/1\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
                        "Accept: */*\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n%s",
                        method, target, body ? strlen(body) : 0, body ? body : "");
  must(send(client->fd, head, (size_t)length, MSG_NOSIGNAL) == length, "send");
  answer(client, size);
}

void client_options(struct client *client, const char *target, size_t size) {
  client_request(client, "GET", target, NULL, size);
}

void client_stream(struct client *client, const char *target, size_t size) {
  client_request(client, "GET", target, NULL, size);
}

void client_upload(struct client *client, const char *target, size_t size) {
  static char piece[128 << 10];
  char head[256];
  int length = snprintf(head, sizeof head, "PUT %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n", target, size);
  must(send(client->fd, head, (size_t)length, MSG_NOSIGNAL) == length, "send");
  for (size_t sent = 0; sent < size;) {
    size_t now = size - sent < sizeof piece ? size - sent : sizeof piece;
    memset(piece, 'u', now);
    must(send(client->fd, piece, now, MSG_NOSIGNAL) == (ssize_t)now, "send");
    sent += now;
  }
  answer(client, 0);
}

void client_close(struct client *client) {
  close(client->fd);
  free(client);
}
