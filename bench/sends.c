/* Preloaded into a program that sends RTP: notes when which packet went out, as its head says, which SRTP leaves readable.
 * At the end the file that SENDS names has a line for each: nanoseconds, SSRC, payload type, timestamp, sequence number. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define MOST 4000000

static struct sent {
  uint64_t at;
  uint32_t source, timestamp;
  uint16_t number;
  uint8_t payload;
} sends[MOST];
static atomic_uint count;

static void note(const unsigned char *data, size_t size) {
  /* Version 2, and none of the payload types that RTCP, beside it on the same port, looks like. */
  if (size < 12 || data[0] >> 6 != 2 || (data[1] >= 192 && data[1] <= 223)) return;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  unsigned at = atomic_fetch_add(&count, 1);
  if (at >= MOST) return;
  struct sent *sent = &sends[at];
  sent->at = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
  sent->payload = data[1] & 127;
  sent->number = (uint16_t)(data[2] << 8 | data[3]);
  sent->timestamp = (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7];
  sent->source = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
}

ssize_t sendto(int socket, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
  static ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "sendto");
  note(data, size);
  return next(socket, data, size, flags, to, length);
}

ssize_t send(int socket, const void *data, size_t size, int flags) {
  static ssize_t (*next)(int, const void *, size_t, int);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "send");
  note(data, size);
  return next(socket, data, size, flags);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
  static ssize_t (*next)(int, const struct msghdr *, int);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "sendmsg");
  if (message->msg_iovlen > 0) note(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
  return next(socket, message, flags);
}

int sendmmsg(int socket, struct mmsghdr *messages, unsigned length, int flags) {
  static int (*next)(int, struct mmsghdr *, unsigned, int);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "sendmmsg");
  for (unsigned at = 0; at < length; at++)
    if (messages[at].msg_hdr.msg_iovlen > 0) note(messages[at].msg_hdr.msg_iov[0].iov_base, messages[at].msg_hdr.msg_iov[0].iov_len);
  return next(socket, messages, length, flags);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("SENDS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  unsigned all = count < MOST ? count : MOST;
  for (unsigned at = 0; at < all; at++)
    fprintf(file, "%llu %u %u %u %u\n", (unsigned long long)sends[at].at, sends[at].source, sends[at].payload, sends[at].timestamp,
            sends[at].number);
  fclose(file);
}
