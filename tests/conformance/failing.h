/* What goes wrong, and what it is called: errors, retries, time-outs, cancelled calls, staged work, the end. */
#ifndef FAILING_H
#define FAILING_H
#include "asking.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void errors(void) {
  static const int statuses[] = {400, 401, 403, 404, 407, 409, 410, 412, 413, 429, 500, 503};
  haft_session *session = plain();
  for (size_t at = 0; at < sizeof statuses / sizeof *statuses; ++at) {
    char name[64], target[64];
    snprintf(name, sizeof name, "raise for %d", statuses[at]);
    snprintf(target, sizeof target, "/status/%d?body=why", statuses[at]);
    result one = call(session, "GET", target, with("{'raise_for_status': true}"));
    begin(name);
    add_outcome(&one);
    const haft_response *answer = haft_error_response(why(&one));
    add(" %d %s", (int)haft_response_status(answer), haft_response_body(answer, NULL));
    end();
    done(&one);
  }
  outcome_of("raise for 200", session, "GET", "/get", with("{'raise_for_status': true}"));
  outcome_of("no URL", session, "GET", "http://", NULL);
  outcome_of("unknown scheme", session, "GET", "gopher://127.0.0.1/", NULL);
  outcome_of("unknown option", session, "GET", "/get", with("{'timout': 3}"));
  outcome_of("option of the wrong type", session, "GET", "/get", with("{'timeout': 'soon'}"));
  outcome_of("nobody listens", session, "GET", "http://127.0.0.1:1/", NULL);
  outcome_of("nobody listens to a change", session, "POST", "http://127.0.0.1:1/", with("{'data': 'x'}"));
  outcome_of("unknown name", session, "GET", "http://no-such-host.invalid/", NULL);
  outcome_of("cut off in the body", session, "GET", "/fault/truncate", NULL);
  outcome_of("cut off before the head", session, "POST", "/fault/close", with("{'data': 'x'}"));
  outcome_of("reset", session, "POST", "/fault/reset", with("{'data': 'x'}"));
  outcome_of("fine afterwards", session, "GET", "/get", NULL);
  leave(session);
}

/* A session of its own: what a connection went through before has no part in it. */
static void retries_of(const char *name, const char *verb, const char *flaky, haft_args *args) {
  haft_session *session = plain();
  char target[256];
  /* The sandbox counts by key, which is the case's name without blanks. */
  snprintf(target, sizeof target, "/flaky?key=");
  size_t size = strlen(target);
  for (const char *at = name; *at != '\0' && size < 100; ++at) target[size++] = *at == ' ' || *at == ',' ? '-' : *at;
  snprintf(target + size, sizeof target - size, "&%s", flaky);
  result one = call(session, verb, target, args);
  begin(name);
  add_outcome(&one);
  if (one.status == HAFT_OK) add_value(meta(&one, "retries"));
  end();
  done(&one);
  leave(session);
}

static void retries(void) {
  retries_of("retry by status", "GET", "fail=2&code=503", with("{'retry': {'total': 3, 'status_forcelist': [503]}}"));
  retries_of("retry used up", "GET", "fail=9&code=503", with("{'retry': {'total': 2, 'status_forcelist': [503]}}"));
  retries_of("retry used up, no error", "GET", "fail=9&code=503", with("{'retry': {'total': 2, 'status_forcelist': [503], 'raise_on_status': false}}"));
  retries_of("retry after a reset", "GET", "fail=2&how=reset", with("{'retry': 2}"));
  retries_of("retry not of a POST", "POST", "fail=1&how=reset", with("{'retry': 2, 'data': 'x'}"));
  retries_of("retry of a POST when allowed", "POST", "fail=1&code=503", with("{'data': 'x', 'retry': {'total': 2, 'status_forcelist': [503], 'allowed_methods': ['POST']}}"));
  haft_args *args = with("{'retry': {'total': 2, 'status_forcelist': [503]}}");
  set_letters(args, "data", 20, true, true);
  retries_of("retry with a reader", "PUT", "fail=1&code=503", args);
  retries_of("retry after what it says", "GET", "fail=1&code=503&retry_after=0", with("{'retry': {'total': 1}}"));
}

/* A listener that takes connections and never says anything. */
static int silent(char *address, size_t size) {
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof here;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr *)&here, sizeof here) == 0 && listen(listener, 8) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&here, &length) == 0);
  snprintf(address, size, "127.0.0.1:%d", ntohs(here.sin_port));
  return listener;
}

static void timeouts(void) {
  haft_session *session = plain();
  char address[32], url[64], proxy[96];
  int listener = silent(address, sizeof address);
  outcome_of("time-out of reading", session, "GET", "/delay/30", with("{'timeout': 0.1}"));
  outcome_of("time-out of a change", session, "POST", "/delay/30", with("{'timeout': 0.1, 'data': 'x'}"));
  outcome_of("time-out in the body", session, "GET", "/fault/stall-body", with("{'timeouts': {'read': 0.1}}"));
  outcome_of("time-out of all", session, "GET", "/drip?numbytes=300&duration=30", with("{'timeouts': {'total': 0.2}}"));
  snprintf(url, sizeof url, "https://%s/", address);
  outcome_of("time-out of TLS", session, "GET", url, with("{'timeouts': {'connect': 0.1}}"));
  snprintf(proxy, sizeof proxy, "{'timeouts': {'connect': 0.1}, 'proxies': {'all': 'http://%s'}}", address);
  outcome_of("time-out of a proxy", session, "GET", "https://anywhere.invalid/", with("%s", proxy));
  outcome_of("in time", session, "GET", "/delay/0.05", with("{'timeout': 5}"));
  close(listener);
  leave(session);
}

/* Cancels until the call has ended: before it began, there is nothing to cancel. */
typedef struct {
  haft_session *session;
  uint64_t id;
  atomic_bool ended;
} axe;

static void *swing(void *data) {
  axe *one = data;
  const struct timespec pause = {0, 2000000};
  while (!atomic_load(&one->ended)) {
    haft_session_cancel(one->session, one->id);
    nanosleep(&pause, NULL);
  }
  return NULL;
}

static void cancel_of(const char *name, haft_session *session, const char *verb, const char *target, haft_args *args, bool all) {
  result one;
  haft_args_set_int(args, "id", 77);
  if (submits_now()) {
    uint64_t id = 0;
    start(session, verb, target, args, &id, &one);
    CHECK(one.status == HAFT_OK && id == 77);
    haft_session_cancel(session, all ? 0 : id);
    await(session, id, &one);
  } else {
    pthread_t thread;
    axe axe = {session, all ? 0 : 77, false};
    CHECK(pthread_create(&thread, NULL, swing, &axe) == 0);
    perform(session, verb, target, args, &one);
    atomic_store(&axe.ended, true);
    CHECK(pthread_join(thread, NULL) == 0);
  }
  haft_args_free(args);
  begin(name);
  add(" %s %s", haft_status_name(one.status), haft_value_string(haft_value_at(haft_error_detail(why(&one)), "code"), NULL));
  end();
  done(&one);
}

static void cancelling(void) {
  haft_session *session = plain();
  char path[1024];
  snprintf(path, sizeof path, "%s/cancelled", way.folder);
  cancel_of("cancel", session, "GET", "/delay/30", with("{}"), false);
  cancel_of("cancel all", session, "GET", "/delay/30", with("{}"), true);
  cancel_of("cancel in the body", session, "GET", "/fault/stall-body", with("{}"), false);
  cancel_of("cancel a save", session, "GET", "/fault/stall-body", with("{'save_to': '%s'}", path), false);
  haft_args *args = with("{'limit_rate': 1000}");
  set_letters(args, "data", 1000000, true, true);
  cancel_of("cancel an upload", session, "POST", "/upload", args, false);
  cancel_of("cancel between tries", session, "GET", "/status/503", with("{'retry': {'total': 5, 'status_forcelist': [503], 'backoff_factor': 50}}"), false);
  outcome_of("fine after cancelling", session, "GET", "/get", NULL);
  leave(session);
}

static void stage(haft_session *session, const char *verb, const char *target, const char *json) {
  haft_args *args = with("%s", json);
  CHECK(haft_session_stage(session, verb, target, args, NULL, NULL) == HAFT_OK);
  haft_args_free(args);
}

static void add_items(const haft_value *list) {
  for (size_t at = 0; at < haft_value_count(list); ++at) {
    const haft_value *item = haft_value_item(list, at, NULL);
    add(" [%lld %lld]", (long long)haft_value_int(haft_value_at(item, "index"), -1), (long long)haft_value_int(haft_value_at(item, "status"), -1));
  }
}

static void add_staged(haft_session *session) {
  haft_response *response = NULL;
  CHECK(haft_session_inspect(session, "staged", NULL, &response, NULL) == HAFT_OK);
  add(" staged %zu", haft_value_count(haft_response_value(response)));
  haft_response_free(response);
}

static void staging(void) {
  haft_session *session = plain();
  haft_response *item = NULL;
  stage(session, "POST", "/anything/1", "{'json': 1}");
  stage(session, "PUT", "/anything/2", "{'data': {'a': '1'}}");
  stage(session, "DELETE", "/status/204", "{}");
  begin("commit");
  add_staged(session);
  result one = commit(session, with("{}"));
  CHECK(one.status == HAFT_OK);
  add_items(haft_response_value(one.response));
  while (haft_response_next(one.response, &item, NULL) == HAFT_OK && item != NULL) {
    add(" %d", (int)haft_response_status(item));
    add_value(haft_value_at(haft_response_value(item), "method"));
    haft_response_free(item);
  }
  add_staged(session);
  end();
  done(&one);
  stage(session, "POST", "/status/201", "{}");
  stage(session, "POST", "/status/409", "{}");
  stage(session, "POST", "/status/202", "{}");
  one = commit(session, with("{}"));
  begin("commit that fails");
  add_outcome(&one);
  add_items(haft_response_value(haft_error_response(why(&one))));
  add_staged(session);
  end();
  done(&one);
  begin("rollback");
  CHECK(haft_session_rollback(session, NULL, NULL) == HAFT_OK);
  add_staged(session);
  one = commit(session, with("{}"));
  add(" %s", haft_status_name(one.status));
  add_items(haft_response_value(one.response));
  end();
  done(&one);
  leave(session);
}

static void ending(void) {
  haft_session *session = plain();
  result one = call(session, "GET", "/get", NULL);
  CHECK(one.status == HAFT_OK);
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  begin("answer outlives the session");
  haft_error *error = NULL;
  haft_status status = haft_session_request(session, "GET", "/get", NULL, NULL, &error);
  add(" %s", haft_status_name(status));
  haft_error_free(error);
  status = haft_session_submit(session, "GET", "/get", NULL, NULL, NULL);
  add(" %s", haft_status_name(status));
  haft_session_free(session);
  add_value(of(&one, "method"));
  add_outcome(&one);
  end();
  done(&one);
}
#endif
