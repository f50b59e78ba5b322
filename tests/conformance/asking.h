/* What goes out: methods, fields, parameters, bodies, forms with files, prepared requests. */
#ifndef ASKING_H
#define ASKING_H
#include "way.h"

/* A reader of the host: so many letters. */
typedef struct {
  int64_t size, given;
  bool rewinds;
  atomic_int *drops;
} letters;

static int64_t give_letters(void *data, void *buffer, size_t size) {
  letters *from = data;
  if (buffer == NULL) {
    if (!from->rewinds) return -1;
    from->given = 0;
    return 0;
  }
  int64_t count = from->size - from->given < (int64_t)size ? from->size - from->given : (int64_t)size;
  for (int64_t at = 0; at < count; ++at) ((char *)buffer)[at] = (char)('a' + (from->given + at) % 26);
  from->given += count;
  return count;
}

static atomic_int readers_made, readers_dropped;

static void drop_letters(void *data) {
  free(data);
  atomic_fetch_add(&readers_dropped, 1);
}

static void set_letters(haft_args *args, const char *key, int64_t size, bool sized, bool rewinds) {
  letters *from = calloc(1, sizeof *from);
  from->size = size;
  from->rewinds = rewinds;
  atomic_fetch_add(&readers_made, 1);
  haft_args_set_reader(args, key, sized ? size : -1, give_letters, from, drop_letters);
}

static void echo_of(const char *name, haft_session *session, const char *verb, haft_args *args) {
  result one = call(session, verb, "/anything", args);
  begin(name);
  add_outcome(&one);
  add_value(of(&one, "method"));
  add_received(&one, "content-type");
  add_received(&one, "content-length");
  add_value(of(&one, "data"));
  add_value(of(&one, "form"));
  end();
  done(&one);
}

static void methods(void) {
  static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get"};
  haft_session *session = plain();
  for (size_t at = 0; at < sizeof names / sizeof *names; ++at) {
    result one = call(session, names[at], "/anything", NULL);
    char name[32];
    snprintf(name, sizeof name, "method %s", names[at]);
    begin(name);
    add_outcome(&one);
    add_value(of(&one, "method"));
    add_received(&one, "content-length");
    end();
    done(&one);
  }
  result head = call(session, "HEAD", "/anything", NULL);
  begin("method HEAD");
  add_outcome(&head);
  add_body(&head);
  add(" length %s", haft_response_header(head.response, "content-length") != NULL ? "told" : "not told");
  end();
  done(&head);
  outcome_of("method that is none", session, "GE T", "/anything", NULL);
  leave(session);
}

static void headers(void) {
  haft_session *session = session_at(way.http, with("{'headers': {'X-Base': 'b', 'X-Both': 'session'}}"));
  result one = call(session, "GET", "/anything", with("{'headers': {'X-Call': 'c', 'x-both': 'call'}}"));
  begin("headers in their order");
  add_names(&one);
  add_received(&one, "x-both");
  end();
  done(&one);
  one = call(session, "GET", "/anything", with("{'headers': {'X-Base': null, 'Accept': null}}"));
  begin("headers dropped");
  add_names(&one);
  end();
  done(&one);
  one = call(session, "GET", "/response-headers?X-One=1&X-Two=a&X-Two=b", NULL);
  begin("headers of the answer");
  add(" %s", haft_response_header(one.response, "x-one"));
  add(" %s", haft_response_header(one.response, "X-TWO"));
  add(" %s", haft_response_header(one.response, "x-three") == NULL ? "none" : "some");
  end();
  done(&one);
  outcome_of("header with a line break", session, "GET", "/anything", with("{'headers': {'X': 'a\\r\\nb'}}"));
  leave(session);
}

static void params(void) {
  haft_session *session = session_at(way.http, with("{'params': {'s': '1'}}"));
  result one = call(session, "GET", "/anything?q=0", with("{'params': {'a': ['x y', 'ü&='], 'n': 5, 'none': null}}"));
  begin("params");
  add_value(of(&one, "target"));
  end();
  done(&one);
  leave(session);
}

static void bodies(void) {
  haft_session *session = plain();
  haft_args *args;
  echo_of("body text", session, "POST", with("{'data': 'plain ü'}"));
  echo_of("body form", session, "POST", with("{'data': {'a': '1', 'b': ['x y', 'ü']}}"));
  echo_of("body pairs", session, "PUT", with("{'data': [['b', '2'], ['a', '1'], ['b', '3']]}"));
  echo_of("body json", session, "POST", with("{'json': {'k': [1, true, null, 'ü']}}"));
  echo_of("body of nothing", session, "POST", with("{'data': ''}"));
  echo_of("body with own type", session, "PATCH", with("{'data': 'x', 'headers': {'Content-Type': 'a/b'}}"));
  args = with("{}");
  haft_args_set_bytes(args, "data", "\0\1\2", 3);
  echo_of("body bytes", session, "POST", args);
  args = with("{}");
  set_letters(args, "data", 30, true, true);
  echo_of("body from a reader", session, "POST", args);
  args = with("{}");
  set_letters(args, "data", 30, false, false);
  echo_of("body from a reader of unknown size", session, "POST", args);
  leave(session);
  begin("readers are dropped");
  add(" %s", atomic_load(&readers_made) == atomic_load(&readers_dropped) ? "all" : "not all");
  end();
}

static void multipart(void) {
  haft_session *session = plain();
  char path[1024];
  snprintf(path, sizeof path, "%s/part.txt", way.folder);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fputs("from a file", file) >= 0 && fclose(file) == 0);
  haft_args *part = with("{'x': ['n.csv']}");
  haft_args_set_bytes(part, "x[]", "a,b", 3);
  haft_args_set(part, "x[]", "text/csv");
  haft_args *args = with("{'data': {'field': 'v'}, 'files': {'path': '%s'}}", path);
  haft_args_set_value(args, "files.named", haft_value_at(haft_args_value(part), "x"));
  haft_args_free(part);
  haft_args_set_bytes(args, "files.bytes", "raw", 3);
  set_letters(args, "files.reader", 5, true, true);
  result one = call(session, "POST", "/anything", args);
  begin("multipart");
  add_outcome(&one);
  add(" %.30s", received(&one, "content-type"));
  add_value(of(&one, "form"));
  const haft_value *parts = of(&one, "parts");
  for (size_t at = 0; at < haft_value_count(parts); ++at) {
    const haft_value *part = haft_value_item(parts, at, NULL);
    add(" [%s", haft_value_string(haft_value_at(part, "name"), NULL));
    add(" %s", haft_value_string(haft_value_at(part, "filename"), NULL));
    add_value(haft_value_at(part, "data"));
    add("]");
  }
  end();
  done(&one);
  leave(session);
}

static void prepared(void) {
  haft_session *session = plain();
  haft_args *made = NULL;
  haft_args *args = with("{'params': {'q': '1'}, 'json': {'a': 1}}");
  CHECK(haft_session_prepare(session, "POST", "/anything", args, &made, NULL) == HAFT_OK);
  haft_args_free(args);
  begin("prepared");
  add_value(haft_value_at(haft_args_value(made), "method"));
  haft_args_set(made, "headers.X-Edited", "yes");
  result one = call(session, NULL, NULL, made);
  add_outcome(&one);
  add_value(of(&one, "target"));
  add_value(of(&one, "json"));
  add_received(&one, "x-edited");
  end();
  done(&one);
  leave(session);
}

static void children(void) {
  haft_session *session = plain(), *child = NULL;
  CHECK(haft_session_attach(session, "/anything/base", NULL, &child, NULL) == HAFT_OK);
  result one = call(child, "GET", "leaf", NULL);
  begin("child of another base");
  add_outcome(&one);
  add_value(of(&one, "target"));
  end();
  done(&one);
  leave(child);
  haft_args *args = with("{'headers': {'X-Later': '1'}}");
  CHECK(haft_session_configure(session, args, NULL) == HAFT_OK);
  haft_args_free(args);
  one = call(session, "GET", "/anything", NULL);
  begin("configured later");
  add_received(&one, "x-later");
  end();
  done(&one);
  leave(session);
}
#endif
