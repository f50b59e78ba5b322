/* How bodies and connections are carried: streams, files, progress, codings, sizes, reuse, TLS, proxies. */
#ifndef CARRYING_H
#define CARRYING_H
#include "asking.h"

/* The letters in their order, from `from` on: what /size/N sends. */
static bool is_alphabet(const char *data, size_t size, size_t from) {
  for (size_t at = 0; at < size; ++at)
    if (data[at] != (char)('a' + (from + at) % 26)) return false;
  return true;
}

static void add_size(const result *one) {
  size_t size = 0;
  const char *body = haft_response_body(one->response, &size);
  add(" %zu %s", size, is_alphabet(body, size, 0) ? "right" : "wrong");
}

static void streams(void) {
  haft_session *session = plain();
  result one = call(session, "GET", "/size/200000", with("{'stream': true}"));
  char piece[7919];
  size_t got = 0, total = 0, pieces = 0;
  bool right = true;
  begin("stream by pieces");
  add_outcome(&one);
  add(" %s", haft_response_body(one.response, &got)[0] == '\0' && got == 0 ? "nothing yet" : "something");
  do {
    CHECK(haft_response_read(one.response, piece, sizeof piece, &got, NULL) == HAFT_OK);
    right = right && got <= sizeof piece && is_alphabet(piece, got, total);
    total += got;
    ++pieces;
  } while (got > 0);
  CHECK(haft_response_read(one.response, piece, sizeof piece, &got, NULL) == HAFT_OK && got == 0);
  add(" %zu %s %s", total, right ? "right" : "wrong", pieces > 25 ? "in pieces" : "at once");
  end();
  done(&one);

  one = call(session, "GET", "/anything", with("{'stream': true}"));
  begin("stream read into the response");
  CHECK(haft_response_read(one.response, NULL, 0, NULL, NULL) == HAFT_OK);
  add_outcome(&one);
  add_value(of(&one, "method"));
  end();
  done(&one);

  one = call(session, "GET", "/encoded?codings=gzip&size=100000", with("{'stream': true}"));
  begin("stream decoded");
  CHECK(haft_response_read(one.response, NULL, 0, &got, NULL) == HAFT_OK);
  add(" %zu", got);
  end();
  done(&one);

  one = call(session, "GET", "/size/100000000", with("{'stream': true}"));
  begin("stream given up");
  CHECK(haft_response_read(one.response, piece, 10, &got, NULL) == HAFT_OK && got > 0);
  add_outcome(&one);
  done(&one);
  one = call(session, "GET", "/status/204", NULL);
  add_outcome(&one);
  end();
  done(&one);

  one = call(session, "GET", "/size/10", NULL);
  haft_response *item = NULL;
  begin("no items in a plain answer");
  CHECK(haft_response_next(one.response, &item, NULL) == HAFT_OK);
  add(" %s", item == NULL ? "none" : "some");
  end();
  done(&one);

  haft_error *error = NULL;
  one = call(session, "GET", "/fault/stall-body?length=100&sent=10", with("{'stream': true, 'timeouts': {'read': 0.1}}"));
  begin("stream that falls silent");
  add_outcome(&one);
  while (haft_response_read(one.response, piece, sizeof piece, &got, &error) == HAFT_OK && got > 0) add(" %zu", got);
  add(" then %s %s", haft_status_name(haft_error_status(error)), haft_value_string(haft_value_at(haft_error_detail(error), "code"), NULL));
  end();
  haft_error_free(error);
  done(&one);
  leave(session);
}

/* The size of a file, whether it is the alphabet; -1 when it is not there. */
static long file_size(const char *path, bool *right) {
  static char data[300000];
  FILE *file = fopen(path, "r");
  if (file == NULL) return -1;
  size_t size = fread(data, 1, sizeof data, file);
  fclose(file);
  *right = is_alphabet(data, size, 0);
  return (long)size;
}

static void save_of(const char *name, haft_session *session, const char *target, const char *path, bool resume) {
  bool right = false;
  haft_args *args = with("{'save_to': '%s'}", path);
  if (resume) haft_args_set_bool(args, "resume", true);
  result one = call(session, "GET", target, args);
  begin(name);
  add_outcome(&one);
  if (one.status == HAFT_OK) add_value(meta(&one, "saved"));
  long size = file_size(path, &right);
  add(" file %ld %s", size, right ? "right" : "wrong");
  end();
  done(&one);
}

static void write_file(const char *path, const char *suffix, const char *data, size_t size) {
  char name[1100];
  snprintf(name, sizeof name, "%s%s", path, suffix);
  FILE *file = fopen(name, "w");
  CHECK(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

/* A part of `size` bytes is there, with the tag of its content, as an earlier call left it. */
static void resume_of(const char *name, haft_session *session, const char *path, size_t size) {
  result one = call(session, "HEAD", "/range/150000", NULL);
  const char *tag = haft_response_header(one.response, "etag");
  CHECK(tag != NULL);
  char *letters_here = malloc(size);
  for (size_t at = 0; at < size; ++at) letters_here[at] = (char)('a' + at % 26);
  write_file(path, ".part", letters_here, size);
  write_file(path, ".part.tag", tag, strlen(tag));
  free(letters_here);
  done(&one);
  bool right = false;
  one = call(session, "GET", "/range/150000", with("{'save_to': '%s', 'resume': true}", path));
  begin(name);
  add_outcome(&one);
  add_value(meta(&one, "resumed_at"));
  long whole = file_size(path, &right);
  add(" file %ld %s", whole, right ? "right" : "wrong");
  end();
  done(&one);
}

typedef struct {
  size_t size;
  bool right;
  char outcome[32];
} kept;

static haft_status keep(void *data, const haft_value *asked, haft_args *reply) {
  kept *into = data;
  size_t size = 0;
  (void)reply;
  if (strcmp(haft_value_string(haft_value_at(asked, "method"), NULL), "write") == 0) {
    const char *bytes = haft_value_bytes(haft_value_at(asked, "/arguments/bytes"), &size);
    into->right = into->right && is_alphabet(bytes, size, into->size);
    into->size += size;
  } else {
    snprintf(into->outcome, sizeof into->outcome, "%s", haft_value_string(haft_value_at(asked, "/arguments/outcome"), NULL));
  }
  return HAFT_OK;
}

static void saving(void) {
  haft_session *session = plain();
  char path[1024], part[1040];
  snprintf(path, sizeof path, "%s/saved", way.folder);
  snprintf(part, sizeof part, "%s.part", path);
  save_of("save to a file", session, "/size/150000", path, false);
  begin("save leaves no part");
  add(" %s", access(part, F_OK) != 0 ? "none" : "some");
  end();
  remove(path);
  save_of("save of a refusal", session, "/status/404", path, false);
  save_of("save in a folder that is not there", session, "/size/10", "/nonexistent/folder/file", false);
  /* Cut off after a part, which stays; the rest is asked for when the content can be told to be the same. */
  save_of("save cut off", session, "/fault/truncate?length=100&sent=52", path, false);
  begin("save cut off keeps the part");
  bool right = false;
  long size = file_size(part, &right);
  add(" %s", size > 0 && right ? "some" : "none");
  end();
  save_of("save of what is not known to be the same", session, "/range/150000", path, true);
  remove(path);
  resume_of("save resumed", session, path, 70000);
  kept into = {0, true, ""};
  haft_args *args = with("{}");
  haft_args_set_provider(args, "save_to", keep, &into, NULL);
  result one = call(session, "GET", "/size/150000", args);
  begin("save to a provider");
  add_outcome(&one);
  add(" %zu %s %s", into.size, into.right ? "right" : "wrong", into.outcome);
  end();
  done(&one);
  leave(session);
}

static void progress(void) {
  haft_session *session = plain();
  haft_args *args = with("{'progress': true}");
  set_letters(args, "data", 500000, true, true);
  submit_next();
  result one = call(session, "POST", "/upload", args);
  begin("progress of an upload");
  add_outcome(&one);
  add_value(of(&one, "count"));
  add(" %s sent %lld of %lld", one.progress > 0 ? "told" : "not told", (long long)one.sent, (long long)one.to_send);
  end();
  done(&one);
  submit_next();
  one = call(session, "GET", "/size/500000", with("{'progress': true}"));
  begin("progress of a download");
  add_outcome(&one);
  add(" %s received %lld", one.progress > 0 ? "told" : "not told", (long long)one.received);
  end();
  done(&one);
  one = call(session, "GET", "/size/500", NULL);
  begin("progress unasked");
  add(" %d", one.progress);
  end();
  done(&one);
  leave(session);
}

static void codings(void) {
  static const char *const paths[] = {"/gzip", "/deflate", "/deflate-raw", "/brotli", "/zstd", "/gzip-multi", "/encoded?codings=gzip,br&body=ok"};
  haft_session *session = plain();
  for (size_t at = 0; at < sizeof paths / sizeof *paths; ++at) {
    char name[64];
    result one = call(session, "GET", paths[at], NULL);
    size_t size = 0;
    const char *body = haft_response_body(one.response, &size);
    snprintf(name, sizeof name, "decode %s", paths[at]);
    begin(name);
    add_outcome(&one);
    add(" %s", body[0] == '{' || strcmp(body, "ok") == 0 ? "plain" : "coded");
    end();
    done(&one);
  }
  result one = call(session, "GET", "/gzip", with("{'decode_content': false}"));
  begin("decode not wanted");
  add_outcome(&one);
  add(" %s", memcmp(haft_response_body(one.response, NULL), "\x1f\x8b", 2) == 0 ? "coded" : "plain");
  end();
  done(&one);
  outcome_of("decode garbled", session, "GET", "/encoded?codings=gzip&size=5000&broken=1", NULL);
  one = call(session, "GET", "/text?charset=latin-1&bytes=e4f6fc", NULL);
  begin("text in latin-1");
  add_value(haft_response_value(one.response));
  end();
  done(&one);
  one = call(session, "GET", "/encoding/utf8", with("{'parse': 'none'}"));
  begin("parse none");
  add_outcome(&one);
  add(" %s", haft_response_value(one.response) == NULL ? "no value" : "a value");
  end();
  done(&one);
  outcome_of("parse json of what is none", session, "GET", "/html", with("{'parse': 'json'}"));
  leave(session);
}

static void sizes(void) {
  haft_session *session = plain();
  enum { LARGE = 8 << 20 };
  result one = call(session, "GET", "/size/8388608", NULL);
  begin("large download");
  add_outcome(&one);
  add_size(&one);
  end();
  done(&one);
  haft_args *args = with("{}");
  set_letters(args, "data", LARGE, true, true);
  one = call(session, "POST", "/upload", args);
  begin("large upload from a reader");
  add_outcome(&one);
  add_value(of(&one, "count"));
  end();
  done(&one);
  args = with("{}");
  set_letters(args, "data", LARGE, false, false);
  one = call(session, "POST", "/upload", args);
  begin("large upload of unknown size");
  add_outcome(&one);
  add_value(of(&one, "count"));
  end();
  done(&one);
  char *bytes = calloc(1, LARGE);
  args = with("{}");
  haft_args_set_bytes(args, "data", bytes, LARGE);
  free(bytes);
  one = call(session, "PUT", "/upload", args);
  begin("large upload of bytes");
  add_outcome(&one);
  add_value(of(&one, "count"));
  end();
  done(&one);
  outcome_of("refused early", session, "POST", "/fault/early-413?read=100&linger=1", with("{'data': 'xxxxxxxxxx'}"));
  leave(session);
}

static void connections(void) {
  haft_session *session = plain();
  result one = call(session, "GET", "/get", NULL);
  begin("connection");
  add_value(meta(&one, "reused"));
  add_value(meta(&one, "http_version"));
  done(&one);
  one = call(session, "GET", "/get", NULL);
  add_value(meta(&one, "reused"));
  end();
  done(&one);
  haft_args *args = with("{'pool': 'clear'}");
  CHECK(haft_session_configure(session, args, NULL) == HAFT_OK);
  haft_args_free(args);
  one = call(session, "GET", "/get", NULL);
  begin("connection after the pool was cleared");
  add_value(meta(&one, "reused"));
  end();
  done(&one);
  one = call(session, "GET", "/early-hints?n=2", NULL);
  begin("informational answers are passed over");
  add_outcome(&one);
  end();
  done(&one);
  one = call(session, "GET", "/trailers", NULL);
  begin("trailers are passed over");
  add_outcome(&one);
  end();
  done(&one);
  leave(session);

  session = session_at(way.https, with("{}"));
  one = call(session, "GET", "/anything", NULL);
  begin("tls");
  add_outcome(&one);
  add_value(meta(&one, "/tls/version"));
  add_value(meta(&one, "reused"));
  done(&one);
  one = call(session, "GET", "/anything", NULL);
  add_value(meta(&one, "reused"));
  end();
  done(&one);
  outcome_of("tls without its authority", session, "GET", "/get", with("{'verify': true}"));
  outcome_of("tls unverified", session, "GET", "/get", with("{'verify': false}"));
  outcome_of("tls pinned", session, "GET", "/get", with("{'verify_pin': '%s'}", way.pin));
  outcome_of("tls pinned otherwise", session, "GET", "/get", with("{'verify_pin': 'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}"));
  outcome_of("tls through a proxy", session, "GET", "/get", with("{'proxies': {'all': '%s'}}", way.proxy));
  outcome_of("tls through SOCKS", session, "GET", "/get", with("{'proxies': {'all': '%s'}}", way.socks));
  leave(session);
  session = plain();
  outcome_of("plain through SOCKS", session, "GET", "/get", with("{'proxies': {'all': '%s'}}", way.socks));
  leave(session);
}
#endif
