/* A cancel ends a call within 50 ms whatever the call is doing, on the reactor, on the worker and on the caller's own
 * thread. "Within" is an order of events: a call that the server delays by 50 ms is submitted first, then the cancel; the
 * cancelled call must be over before that answer comes. A busy machine may take the time away from either, so each gets a
 * few tries. The servers that keep a call in its state are threads of this program. argv[1] is the URL of the sandbox. */
#include "events.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <sys/socket.h>

enum way { ON_REACTOR, ON_WORKER, BLOCKING, WAYS };
static const char *const way_names[] = {"on the reactor", "on the worker", "blocking"};

/* The call is where it is wanted; rung by whatever keeps it there. */
static sem_t there;

/* ---- a resolver that does not come back: this program's own getaddrinfo, which the library finds first ---- */
static sem_t resolver_may_go;
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  (void)host, (void)service, (void)hints, (void)found;
  sem_post(&there);
  while (sem_wait(&resolver_may_go) != 0) {}
  return EAI_NONAME;
}

/* ---- a peer: one listener, and what it does with who comes ---- */
enum manner {
  SILENT,         /* reads the first bytes (a head, a hello, a greeting), says nothing */
  HALF_A_BODY,    /* answers with a part of a body */
  NEVER_READS,    /* reads the first bytes of a large body, then no more */
  RETRY_LATER,    /* 503, try again in a minute, and waits for the other side to let go */
  FULL,           /* does not even accept: the connect waits */
};
struct peer {
  enum manner manner;
  int listener, filler[8], held[64];
  atomic_int count;
  char base[64];
  pthread_t thread;
};

static void say(int to, const char *text) { CHECK(send(to, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text)); }

static void *serve(void *data) {
  struct peer *peer = data;
  char bytes[65536];
  for (;;) {
    int from = accept(peer->listener, NULL, NULL);
    if (from < 0) return NULL; /* it was shut down */
    int place = atomic_load(&peer->count);
    CHECK(place < 64);
    peer->held[place] = from;
    atomic_store(&peer->count, place + 1);
    if (recv(from, bytes, peer->manner == NEVER_READS ? 16 : sizeof bytes, 0) <= 0) continue;
    if (peer->manner == HALF_A_BODY) say(from, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    if (peer->manner == RETRY_LATER) {
      say(from, "HTTP/1.1 503 Later\r\nRetry-After: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      while (recv(from, bytes, sizeof bytes, 0) > 0) {}
    }
    sem_post(&there);
  }
}

static void open_peer(struct peer *peer, enum manner manner) {
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof place;
  memset(peer, 0, sizeof *peer);
  peer->manner = manner;
  peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int small = 4096;
  CHECK(setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
  CHECK(bind(peer->listener, (struct sockaddr *)&place, sizeof place) == 0);
  CHECK(listen(peer->listener, manner == FULL ? 0 : 64) == 0);
  CHECK(getsockname(peer->listener, (struct sockaddr *)&place, &size) == 0);
  snprintf(peer->base, sizeof peer->base, "127.0.0.1:%d", ntohs(place.sin_port));
  if (manner == FULL) {
    /* Nobody accepts: when these are in the queue, the next connect gets no answer. */
    for (int k = 0; k < 8; k++) {
      peer->filler[k] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      (void)connect(peer->filler[k], (struct sockaddr *)&place, size);
    }
  } else
    start_thread(&peer->thread, serve, peer);
}

static void close_peer(struct peer *peer) {
  shutdown(peer->listener, SHUT_RDWR);
  for (int k = 0; k < peer->count; k++) shutdown(peer->held[k], SHUT_RDWR);
  if (peer->manner == FULL)
    for (int k = 0; k < 8; k++) close(peer->filler[k]);
  else
    CHECK(pthread_join(peer->thread, NULL) == 0);
  for (int k = 0; k < peer->count; k++) close(peer->held[k]);
  close(peer->listener);
}

/* ---- the calls ---- */
enum state { RESOLVING, CONNECTING, IN_A_PROXY, IN_SOCKS, IN_TLS, SENDING, WAITING, IN_A_BODY, IN_A_RETRY, IN_THE_POOL, STATES };
static const struct {
  const char *name, *url; /* %s is the peer */
  enum manner manner;
} states[STATES] = {
    {"resolving", "http://%s.invalid/", SILENT}, {"connecting", "http://%s/", FULL},
    {"in a proxy", "http://inner.invalid/", SILENT}, {"in SOCKS", "http://inner.invalid/", SILENT},
    {"in TLS", "https://%s/", SILENT},             {"sending", "http://%s/", NEVER_READS},
    {"waiting", "http://%s/", SILENT},             {"in a body", "http://%s/", HALF_A_BODY},
    {"in a retry", "http://%s/", RETRY_LATER},     {"in the pool", "http://%s/", SILENT},
};

struct call {
  haft_session *session;
  haft_args *args;
  char url[200];
  const char *verb;
  atomic_int over;
  haft_status status;
};

static haft_status nothing_to_say(void *data, const haft_value *call, haft_args *reply) {
  (void)data, (void)call, (void)reply;
  return HAFT_OK;
}

static void *run_call(void *data) {
  struct call *call = data;
  haft_error *error = NULL;
  call->status = haft_session_request(call->session, call->verb, call->url, call->args, NULL, &error);
  atomic_store(&call->over, 1);
  haft_error_free(error);
  return NULL;
}

static void await_there(void) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 30;
  CHECK(sem_timedwait(&there, &end) == 0);
}

/* One try: whether the call was over in time. That it is over, and cancelled, is checked in any case. */
static int in_time(enum state state, enum way way) {
  struct peer peer;
  struct call call = {.session = open_session(), .args = haft_args_new(), .verb = "GET"};
  haft_session *session = call.session, *timer = open_session();
  char text[128];
  uint64_t id = 0, keeper = 0;
  pthread_t thread;
  static int names;
  open_peer(&peer, states[state].manner);
  while (sem_trywait(&there) == 0) {}
  snprintf(text, sizeof text, "name-%d", ++names); /* one that was asked for is remembered */
  snprintf(call.url, sizeof call.url, states[state].url, state == RESOLVING ? text : peer.base);
  haft_args_set_int(call.args, "id", 42);
  if (state == IN_A_PROXY || state == IN_SOCKS) {
    snprintf(text, sizeof text, "%s://%s", state == IN_SOCKS ? "socks5h" : "http", peer.base);
    haft_args_set(call.args, "proxies.http", text);
  }
  if (state == SENDING) {
    size_t size = 64 << 20;
    void *body = calloc(size, 1);
    call.verb = "POST";
    haft_args_set_bytes(call.args, "data", body, size);
    free(body);
  }
  if (state == IN_A_RETRY) haft_args_set_json(call.args, "retry", "{\"total\":3,\"status_forcelist\":[503]}");
  if (way == ON_WORKER) haft_args_set_provider(call.args, "hooks.request", nothing_to_say, NULL, NULL);
  if (state == IN_THE_POOL) {
    haft_args *pool = haft_args_new();
    haft_session_free(session);
    haft_args_set_int(pool, "pool_maxsize", 1);
    haft_args_set_bool(pool, "pool_block", true);
    CHECK(haft_session_create(server, pool, &call.session, NULL) == HAFT_OK);
    haft_args_free(pool);
    session = call.session;
    keeper = submit(session, "GET", call.url, NULL);
    await_there();
  }
  if (way == BLOCKING)
    start_thread(&thread, run_call, &call);
  else
    id = submit(session, call.verb, call.url, call.args);
  if (state == CONNECTING || state == IN_THE_POOL)
    await_in_flight(session, state == CONNECTING ? 1 : 2); /* nobody else hears of it */
  else
    await_there();

  /* The mark, and then the cancel, by a third thread's hand. */
  uint64_t mark = submit(timer, "GET", "/delay/0.05", NULL);
  haft_session_cancel(session, 42);
  expect_answer(timer, mark, 200);
  int good;
  if (way == BLOCKING) {
    good = atomic_load(&call.over);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(call.status == HAFT_E_CANCELLED);
  } else {
    haft_event *event = NULL;
    CHECK(haft_session_poll(session, 0, &event, NULL) == HAFT_OK);
    good = event != NULL;
    if (event == NULL) event = next_event(session);
    CHECK(haft_event_id(event) == id && haft_error_status(haft_event_error(event)) == HAFT_E_CANCELLED);
    haft_event_free(event);
  }
  if (keeper != 0) {
    haft_session_cancel(session, keeper);
    expect_answer(session, keeper, HAFT_E_CANCELLED);
  }
  expect_nothing(session);
  if (state == RESOLVING) sem_post(&resolver_may_go);
  haft_args_free(call.args);
  leave(session);
  leave(timer);
  close_peer(&peer);
  return good;
}

int main(int count, char **arguments) {
  begin(count, arguments);
  CHECK(sem_init(&there, 0, 0) == 0 && sem_init(&resolver_may_go, 0, 0) == 0);
  for (int state = 0; state < STATES; state++)
    for (int way = 0; way < WAYS; way++) {
      int tries = 0, good = 0;
      while (!good && tries++ < 8) good = in_time(state, way);
      if (!good) fprintf(stderr, "%s, %s: not over within 50 ms\n", states[state].name, way_names[way]);
      CHECK(good);
    }
  return 0;
}
