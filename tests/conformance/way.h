/* One call, three ways. A case says what is asked for and prints what came of it; this is all that knows how it was
 * carried: on the calling thread, submitted, or both in turn over HTTP/2. */
#ifndef WAY_H
#define WAY_H
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* No call of any case takes this long. */
enum { HANGING_MS = 30000 };

static struct {
  const char *mode, *http, *https, *proxy, *socks, *ca, *pin, *folder;
  bool submits, alternates;
  int cases;
} way;

/* What came of a call. */
typedef struct {
  haft_status status;
  haft_response *response;
  haft_error *error; /* of a call that waited, or that could not be submitted */
  haft_event *event; /* of a submitted one */
  int progress;      /* how many events told it, and the last of them */
  int64_t sent, to_send, received;
} result;

static const haft_error *why(const result *one) { return one->event != NULL ? haft_event_error(one->event) : one->error; }

static void done(result *one) {
  haft_response_free(one->response);
  haft_error_free(one->error);
  haft_event_free(one->event);
  memset(one, 0, sizeof *one);
}

static void note_progress(result *one, const haft_event *event) {
  const haft_value *value = haft_event_value(event);
  ++one->progress;
  one->sent = haft_value_int(haft_value_at(value, "sent"), -1);
  one->to_send = haft_value_int(haft_value_at(value, "to_send"), -1);
  one->received = haft_value_int(haft_value_at(value, "received"), -1);
}

static void start(haft_session *session, const char *verb, const char *target, const haft_args *args, uint64_t *id, result *out) {
  memset(out, 0, sizeof *out);
  out->status = haft_session_submit(session, verb, target, args, id, &out->error);
  CHECK((out->status == HAFT_OK) == (out->error == NULL));
}

/* The answer of a submitted call, as a host loop takes it: the descriptor rings, then the queue is emptied. */
static void await(haft_session *session, uint64_t id, result *out) {
  struct pollfd bell = {.fd = haft_session_fd(session), .events = POLLIN};
  while (out->event == NULL) {
    haft_event *event = NULL;
    CHECK(poll(&bell, 1, HANGING_MS) == 1);
    CHECK(haft_session_poll(session, 0, &event, NULL) == HAFT_OK);
    if (event == NULL) continue;
    CHECK(haft_event_id(event) == id);
    if (haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      out->event = event;
    } else {
      CHECK(haft_event_kind(event) == HAFT_EVENT_PROGRESS);
      note_progress(out, event);
      haft_event_free(event);
    }
  }
  out->status = haft_error_status(haft_event_error(out->event));
  out->response = haft_event_take_response(out->event);
  CHECK((out->status == HAFT_OK) == (out->response != NULL));
}

/* On the calling thread; what was told on the way is in the queue afterwards. */
static void perform(haft_session *session, const char *verb, const char *target, const haft_args *args, result *out) {
  haft_event *event = NULL;
  memset(out, 0, sizeof *out);
  out->status = haft_session_request(session, verb, target, args, &out->response, &out->error);
  CHECK((out->status == HAFT_OK) == (out->response != NULL));
  while (haft_session_poll(session, 0, &event, NULL) == HAFT_OK && event != NULL) {
    if (haft_event_kind(event) == HAFT_EVENT_PROGRESS) note_progress(out, event);
    haft_event_free(event);
  }
}

static bool submits_now(void) {
  if (way.alternates) way.submits = !way.submits;
  return way.submits;
}

/* Where the ways take turns, the next call is submitted. */
static void submit_next(void) {
  if (way.alternates) way.submits = false;
}

/* Calls; the arguments are freed. */
static result call(haft_session *session, const char *verb, const char *target, haft_args *args) {
  result out;
  if (submits_now()) {
    uint64_t id = 0;
    start(session, verb, target, args, &id, &out);
    if (out.status == HAFT_OK) await(session, id, &out);
  } else {
    perform(session, verb, target, args, &out);
  }
  haft_args_free(args);
  return out;
}

/* Commits; the arguments are freed. */
static result commit(haft_session *session, haft_args *args) {
  result out;
  memset(&out, 0, sizeof out);
  if (submits_now()) {
    uint64_t id = 0;
    start(session, "haft.commit", NULL, args, &id, &out);
    if (out.status == HAFT_OK) await(session, id, &out);
  } else {
    out.status = haft_session_commit(session, args, &out.response, &out.error);
  }
  haft_args_free(args);
  return out;
}

/* ---- what is asked for ---- */

/* Arguments from JSON with ' for ", as C reads it better. */
static haft_args *with(const char *format, ...) __attribute__((format(printf, 1, 2)));
static haft_args *with(const char *format, ...) {
  char text[4096];
  haft_args *args = haft_args_new();
  va_list list;
  va_start(list, format);
  CHECK(vsnprintf(text, sizeof text, format, list) < (int)sizeof text);
  va_end(list);
  for (char *at = text; *at != '\0'; ++at)
    if (*at == '\'') *at = '"';
  haft_args_set_json(args, NULL, text);
  return args;
}

static haft_session *session_at(const char *url, haft_args *args) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  if (strcmp(way.mode, "http2") == 0) haft_args_set(args, "http_version", "2");
  haft_args_set(args, "verify", way.ca);
  haft_args_set_bool(args, "trust_env", false);
  haft_args_set_int(args, "timeout", 10);
  if (haft_session_create(url, args, &session, &error) != HAFT_OK) fprintf(stderr, "%s\n", haft_error_message(error));
  CHECK(session != NULL);
  haft_args_free(args);
  return session;
}

static haft_session *plain(void) { return session_at(way.http, with("{}")); }

static void leave(haft_session *session) {
  CHECK(haft_session_close(session, NULL, NULL) == HAFT_OK);
  haft_session_free(session);
}

/* ---- what is told ---- */

static char said[16384];
static size_t said_size;

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...) {
  va_list list;
  va_start(list, format);
  int count = vsnprintf(said + said_size, sizeof said - said_size, format, list);
  va_end(list);
  CHECK(count >= 0 && said_size + (size_t)count < sizeof said);
  said_size += (size_t)count;
}

/* Begins the line of a case. */
static void begin(const char *name) {
  said_size = 0;
  add("%s:", name);
}

/* Ends it. */
static void end(void) {
  puts(said);
  ++way.cases;
}

static void add_text(const char *text, size_t size) {
  add(" '");
  for (size_t at = 0; at < size; ++at) {
    unsigned char byte = (unsigned char)text[at];
    if (byte < 32 || byte > 126) add("\\x%02x", byte);
    else add("%c", byte);
  }
  add("'");
}

/* A value as JSON; "-" when there is none. */
static void add_value(const haft_value *value) {
  char *text = haft_value_json(value);
  add(" %s", value != NULL ? text : "-");
  haft_string_free(text);
}

/* The outcome: the status of the answer, or the status and the detail of the error. */
static void add_outcome(const result *one) {
  const haft_value *detail = haft_error_detail(why(one));
  static const char *const keys[] = {"phase", "outcome", "http_status", "index", "key"};
  if (one->status == HAFT_OK) {
    add(" %d", (int)haft_response_status(one->response));
    return;
  }
  CHECK(haft_error_message(why(one))[0] != '\0');
  add(" %s %s", haft_status_name(one->status), haft_value_string(haft_value_at(detail, "code"), NULL));
  for (size_t at = 0; at < sizeof keys / sizeof *keys; ++at) {
    const haft_value *value = haft_value_at(detail, keys[at]);
    if (value == NULL) continue;
    if (haft_value_type(value) == HAFT_TYPE_STRING) add(" %s=%s", keys[at], haft_value_string(value, NULL));
    else add(" %s=%lld", keys[at], (long long)haft_value_int(value, -1));
  }
  if (haft_error_is_retryable(why(one))) add(" retryable");
}

static void add_body(const result *one) {
  size_t size = 0;
  const char *body = haft_response_body(one->response, &size);
  CHECK(body[size] == '\0');
  add_text(body, size);
}

static const haft_value *of(const result *one, const char *pointer) { return haft_value_at(haft_response_value(one->response), pointer); }

static const haft_value *meta(const result *one, const char *pointer) { return haft_value_at(haft_response_meta(one->response), pointer); }

/* What the server saw of a field; NULL when it was not there. */
static const char *received(const result *one, const char *name) {
  const haft_value *list = of(one, "headers");
  for (size_t at = 0; at < haft_value_count(list); ++at) {
    const haft_value *pair = haft_value_item(list, at, NULL);
    if (strcasecmp(haft_value_string(haft_value_item(pair, 0, NULL), NULL), name) == 0)
      return haft_value_string(haft_value_item(pair, 1, NULL), NULL);
  }
  return NULL;
}

static void add_received(const result *one, const char *name) {
  const char *value = received(one, name);
  add(" %s=%s", name, value != NULL ? value : "(absent)");
}

/* The names of the fields that the server saw, in order, but for those that belong to one version of HTTP alone
 * (RFC 9113 8.2.2 and 8.3.1), in lower case, which HTTP/2 demands (8.2.1). */
static void add_names(const result *one) {
  const haft_value *list = of(one, "headers");
  for (size_t at = 0; at < haft_value_count(list); ++at) {
    const char *name = haft_value_string(haft_value_item(haft_value_item(list, at, NULL), 0, NULL), NULL);
    if (name[0] == ':' || strcasecmp(name, "host") == 0 || strcasecmp(name, "connection") == 0) continue;
    add(" ");
    for (; *name != '\0'; ++name) add("%c", *name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
  }
}

/* A line for a call whose outcome is all that matters. */
static void outcome_of(const char *name, haft_session *session, const char *verb, const char *target, haft_args *args) {
  result one = call(session, verb, target, args);
  begin(name);
  add_outcome(&one);
  end();
  done(&one);
}
#endif
