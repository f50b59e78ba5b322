/* A server for many connections at once: one thread, every request answered 50 ms after it came.
 *
 *     crowd                    prints its port, serves until standard input ends */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65536, DELAY_MS = 50, TAIL = 4 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\ndelayed\n";

/* All wait equally long: who came first is answered first. */
static struct {
  int fd;
  long at;
} waiting[MOST];
static size_t first, last;
/* The last bytes that each connection sent. */
static char tails[MOST][TAIL];

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void receive(int fd) {
  char buffer[16 << 10];
  ssize_t count = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    close(fd);
    return;
  }
  for (ssize_t i = count < TAIL ? 0 : count - TAIL; i < count; i++) {
    memmove(tails[fd], tails[fd] + 1, TAIL - 1);
    tails[fd][TAIL - 1] = buffer[i];
  }
  if (memcmp(tails[fd], "\r\n\r\n", TAIL)) return;
  waiting[last % MOST].fd = fd;
  waiting[last++ % MOST].at = now() + DELAY_MS;
}

int main(void) {
  struct rlimit limit;
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof place;
  struct epoll_event event = {.events = EPOLLIN}, events[512];
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0), on = 1;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 16384)) return 1;
  getsockname(listener, (struct sockaddr *)&place, &length);
  printf("%d\n", ntohs(place.sin_port));
  fflush(stdout);
  event.data.fd = listener;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  event.data.fd = 0;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event)) return 1;
  for (;;) {
    long left = first == last ? -1 : waiting[first % MOST].at - now();
    int count = epoll_wait(epoll, events, 512, left < 0 && first != last ? 0 : (int)left);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == 0) return 0;
      if (fd != listener) {
        receive(fd);
        continue;
      }
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0 && fd < MOST) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        memset(tails[fd], 0, TAIL);
        event.data.fd = fd;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      }
    }
    for (long at = now(); first != last && waiting[first % MOST].at <= at; first++)
      if (send(waiting[first % MOST].fd, answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) continue;
  }
}
