/* Many requests in flight through either side: haft's submit, or libcurl's multi interface.
 *
 *     many-haft|many-curl BASE TARGET COUNT FLIGHT [CA]
 *
 * COUNT requests, FLIGHT of them at a time, each with time-outs; with a file of roots over HTTP/2 and TLS, in streams of
 * one connection.
 * Prints, as JSON, the CPU and the time in microseconds, the memory that the requests in flight took at the most (bytes
 * each), the threads, and how many failed. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static long cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static long status(const char *name) {
  char line[256];
  long number = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) number = strtol(line + strlen(name) + 1, NULL, 10);
  fclose(file);
  return number;
}

static long microseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static long failed, done, threads;

#ifdef HAFT
#include "haft.h"

static void run(const char *base, const char *target, long count, long flight, const char *roots) {
  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_args_set_int(args, "timeout", 30);
  haft_args_set_int(args, "timeouts.total", 60);
  haft_args_set_int(args, "pool_maxsize", flight);
  if (roots) {
    haft_args_set(args, "http_version", "2");
    haft_args_set(args, "verify", roots);
  }
  if (haft_session_create(base, args, &session, NULL) != HAFT_OK) exit(1);
  haft_args_free(args);
  for (long sent = 0; done < count;) {
    haft_event *event = NULL;
    while (sent < count && sent - done < flight) {
      if (haft_session_submit(session, "GET", target, NULL, NULL, NULL) != HAFT_OK) exit(1);
      sent++;
    }
    if (haft_session_poll(session, 60000, &event, NULL) != HAFT_OK || event == NULL) exit(1);
    const haft_response *response = haft_event_response(event);
    if (response == NULL || strcmp(haft_response_body(response, NULL), "delayed\n")) {
      if (failed++ == 0) fprintf(stderr, "%s\n", haft_error_message(haft_event_error(event)));
    }
    haft_event_free(event);
    if (++done == flight / 2) threads = status("Threads");
  }
  if (haft_session_close(session, NULL, NULL) != HAFT_OK) exit(1);
  haft_session_free(session);
}
#else
#include <curl/curl.h>
#include <sys/epoll.h>

struct call {
  CURL *easy;
  char body[64];
  size_t size;
};

static size_t collect(char *data, size_t one, size_t count, void *user_data) {
  struct call *call = user_data;
  (void)one;
  if (call->size + count < sizeof call->body) memcpy(call->body + call->size, data, count);
  call->size += count;
  return count;
}

static int epoll;
static long due = -1; /* when the multi handle wants to be called, in milliseconds */

static long milliseconds(void) { return microseconds() / 1000; }

static int watch(CURL *easy, curl_socket_t fd, int what, void *user_data, void *known) {
  struct epoll_event event = {.data.fd = fd};
  (void)easy;
  if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
  if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE) epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
  else epoll_ctl(epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  if (what != CURL_POLL_REMOVE && !known) curl_multi_assign(user_data, fd, user_data);
  return 0;
}

static int timer(CURLM *multi, long wait, void *user_data) {
  (void)multi, (void)user_data;
  due = wait < 0 ? -1 : milliseconds() + wait;
  return 0;
}

/* With epoll, which is libcurl's way for many at once. */
static void run(const char *base, const char *target, long count, long flight, const char *roots) {
  char url[256];
  CURLM *multi;
  struct call *calls = calloc((size_t)flight, sizeof *calls);
  long sent = 0;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, flight);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
  snprintf(url, sizeof url, "%s%s", base, target);
  if (roots) curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, flight);
  for (; sent < flight && sent < count; sent++) {
    struct call *call = &calls[sent];
    call->easy = curl_easy_init();
    curl_easy_setopt(call->easy, CURLOPT_URL, url);
    curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, 30000L);
    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, 60000L);
    if (roots) {
      curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
      curl_easy_setopt(call->easy, CURLOPT_CAINFO, roots);
      curl_easy_setopt(call->easy, CURLOPT_PIPEWAIT, 1L);
    }
    curl_multi_add_handle(multi, call->easy);
  }
  while (done < count) {
    struct epoll_event events[512];
    long left = due < 0 ? 1000 : due - milliseconds();
    int running, seen = epoll_wait(epoll, events, 512, left < 0 ? 0 : (int)left);
    CURLMsg *message;
    for (int at = 0; at < seen; at++) {
      int what = (events[at].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[at].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi, events[at].data.fd, what, &running);
    }
    if (due >= 0 && milliseconds() >= due) {
      due = -1;
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    while ((message = curl_multi_info_read(multi, &running)) != NULL) {
      struct call *call;
      if (message->msg != CURLMSG_DONE) continue;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
      if (message->data.result != CURLE_OK || call->size != 8 || memcmp(call->body, "delayed\n", 8))
        if (failed++ == 0) fprintf(stderr, "%s\n", curl_easy_strerror(message->data.result));
      if (++done == flight / 2) threads = status("Threads");
      curl_multi_remove_handle(multi, call->easy);
      call->size = 0;
      if (sent < count) {
        curl_multi_add_handle(multi, call->easy);
        sent++;
      }
    }
  }
  for (long at = 0; at < flight && at < count; at++) curl_easy_cleanup(calls[at].easy);
  curl_multi_cleanup(multi);
  curl_global_cleanup();
  free(calls);
}
#endif

int main(int count, char **arguments) {
  if (count < 5) return 2;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  long requests = strtol(arguments[3], NULL, 10), flight = strtol(arguments[4], NULL, 10);
  long before = status("VmRSS"), began = cpu(), start = microseconds();
  run(arguments[1], arguments[2], requests, flight, count > 5 ? arguments[5] : NULL);
  long used = cpu() - began, took = microseconds() - start;
  printf("{\"cpu\": %ld, \"took\": %ld, \"each\": %ld, \"threads\": %ld, \"failed\": %ld}\n", used, took,
         (status("VmHWM") - before) * 1024 / flight, threads, failed);
  return 0;
}
