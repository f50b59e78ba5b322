/* What one answer leads to: redirects, cookies, authentication, hooks, adapters. */
#ifndef FOLLOWING_H
#define FOLLOWING_H
#include "asking.h"

static void redirects_of(const char *name, haft_session *session, const char *verb, const char *target, haft_args *args) {
  result one = call(session, verb, target, args);
  begin(name);
  add_outcome(&one);
  if (one.status == HAFT_OK) {
    const haft_value *history = meta(&one, "history");
    for (size_t at = 0; at < haft_value_count(history); ++at) {
      const haft_value *past = haft_value_item(history, at, NULL);
      add(" [%lld %s]", (long long)haft_value_int(haft_value_at(past, "status"), 0), haft_value_string(haft_value_at(past, "method"), NULL));
    }
    add_value(of(&one, "method"));
    add_value(of(&one, "data"));
    if (haft_value_count(meta(&one, "next")) > 0) {
      const char *url = haft_value_string(meta(&one, "/next/url"), NULL);
      add(" next %s", strncmp(url, way.http, strlen(way.http)) == 0 ? url + strlen(way.http) : url);
    }
  }
  end();
  done(&one);
}

static void redirects(void) {
  haft_session *session = plain();
  haft_args *args;
  redirects_of("redirect twice", session, "GET", "/redirect/2", NULL);
  redirects_of("redirect absolute", session, "GET", "/absolute-redirect/1", NULL);
  redirects_of("redirect 303 of a POST", session, "POST", "/redirect-to?url=/anything&status_code=303", with("{'data': 'x'}"));
  redirects_of("redirect 302 of a POST", session, "POST", "/redirect-to?url=/anything&status_code=302", with("{'data': 'x'}"));
  redirects_of("redirect 307 of a POST", session, "POST", "/redirect-to?url=/anything&status_code=307", with("{'data': 'x'}"));
  redirects_of("redirect 308 of a PUT", session, "PUT", "/redirect-to?url=/anything&status_code=308", with("{'data': 'x'}"));
  args = with("{}");
  set_letters(args, "data", 3, true, true);
  redirects_of("redirect 307 of a reader", session, "POST", "/redirect-to?url=/anything&status_code=307", args);
  args = with("{}");
  set_letters(args, "data", 3, false, false);
  redirects_of("redirect 307 of a reader with no way back", session, "POST", "/redirect-to?url=/anything&status_code=307", args);
  redirects_of("redirect not followed", session, "GET", "/redirect-to?url=/anything", with("{'allow_redirects': false}"));
  redirects_of("redirect of a HEAD", session, "HEAD", "/redirect/1", NULL);
  redirects_of("redirect too often", session, "GET", "/redirect/5", with("{'max_redirects': 3}"));
  redirects_of("redirect without a place", session, "GET", "/status/302", NULL);
  leave(session);
}

static void cookies(void) {
  haft_session *session = session_at(way.http, with("{'cookies': {'own': '0'}}"));
  result one = call(session, "GET", "/cookies/set?a=1&b=2", NULL);
  begin("cookies set on the way");
  add_outcome(&one);
  add_value(of(&one, "cookies"));
  end();
  done(&one);
  one = call(session, "GET", "/cookies", with("{'cookies': {'c': '3', 'a': null}}"));
  begin("cookies of a call");
  add_value(of(&one, "cookies"));
  end();
  done(&one);
  one = call(session, "GET", "/cookies/delete?a", NULL);
  begin("cookies deleted");
  add_value(of(&one, "cookies"));
  end();
  done(&one);
  one = call(session, "GET", "/cookies/set-detailed?raw=p%3D1%3B%20Path%3D/cookies/at", NULL);
  begin("cookies of the answer");
  add_value(meta(&one, "/cookies/0/name"));
  add_value(meta(&one, "/cookies/0/path"));
  end();
  done(&one);
  one = call(session, "GET", "/cookies/at/x", NULL);
  begin("cookies with a path");
  add_value(of(&one, "/cookies/p"));
  end();
  done(&one);
  one = call(session, "GET", "/cookies", NULL);
  begin("cookies without that path");
  add_value(of(&one, "/cookies"));
  end();
  done(&one);
  leave(session);
}

/* A provider that signs a request, and counts how often it was asked. */
static haft_status sign(void *count, const haft_value *asked, haft_args *reply) {
  CHECK_TEXT(haft_value_string(haft_value_at(asked, "method"), NULL), "prepare");
  CHECK(haft_value_at(asked, "/arguments/request/url") != NULL);
  atomic_fetch_add((atomic_int *)count, 1);
  haft_args_set(reply, "headers.Authorization", "Bearer signed");
  return HAFT_OK;
}

static haft_status refuse(void *nothing, const haft_value *asked, haft_args *reply) {
  (void)nothing, (void)asked;
  haft_args_set(reply, "message", "the vault is shut");
  return HAFT_E_DENIED;
}

static void statuses_of(const char *name, haft_session *session, const char *target, haft_args *args) {
  result one = call(session, "GET", target, args);
  begin(name);
  add_outcome(&one);
  const haft_value *history = meta(&one, "history");
  for (size_t at = 0; at < haft_value_count(history); ++at)
    add(" after %lld", (long long)haft_value_int(haft_value_at(haft_value_item(history, at, NULL), "status"), 0));
  end();
  done(&one);
}

static void authentication(void) {
  haft_session *session = plain();
  atomic_int asked = 0;
  statuses_of("auth basic", session, "/basic-auth/user/pass", with("{'auth': ['user', 'pass']}"));
  statuses_of("auth basic, wrong", session, "/basic-auth/user/pass", with("{'auth': ['user', 'no']}"));
  statuses_of("auth bearer", session, "/bearer/tok", with("{'auth': {'type': 'bearer', 'token': 'tok'}}"));
  statuses_of("auth digest", session, "/digest-auth/auth/user/pass", with("{'auth': {'type': 'digest', 'username': 'user', 'password': 'pass'}}"));
  statuses_of("auth digest SHA-256", session, "/digest-auth/auth/user/pass/SHA-256", with("{'auth': {'type': 'digest', 'username': 'user', 'password': 'pass'}}"));
  statuses_of("auth digest, wrong", session, "/digest-auth/auth/user/pass", with("{'auth': {'type': 'digest', 'username': 'user', 'password': 'no'}}"));
  haft_args *args = with("{}");
  haft_args_set_provider(args, "auth", sign, &asked, NULL);
  statuses_of("auth by a provider", session, "/bearer/signed", args);
  begin("auth provider was asked");
  add(" %d", atomic_load(&asked));
  end();
  args = with("{}");
  haft_args_set_provider(args, "auth", refuse, NULL, NULL);
  outcome_of("auth provider that fails", session, "GET", "/bearer", args);
  leave(session);
  session = session_at(way.http, with("{'auth': {'type': 'digest', 'username': 'user', 'password': 'pass'}}"));
  statuses_of("auth digest of the session", session, "/digest-auth/auth/user/pass", NULL);
  statuses_of("auth digest once more", session, "/digest-auth/auth/user/pass", NULL);
  leave(session);
}

static haft_status mark(void *count, const haft_value *asked, haft_args *reply) {
  (void)asked;
  char text[16];
  snprintf(text, sizeof text, "%d", 1 + atomic_fetch_add((atomic_int *)count, 1));
  haft_args_set(reply, "headers.X-Hop", text);
  return HAFT_OK;
}

static haft_status replace(void *nothing, const haft_value *asked, haft_args *reply) {
  (void)nothing, (void)asked;
  haft_args_set_json(reply, "response", "{\"status\": 299, \"headers\": [[\"Content-Type\", \"text/plain\"]], \"body\": \"made up\"}");
  return HAFT_OK;
}

static haft_status again(void *count, const haft_value *asked, haft_args *reply) {
  if (haft_value_int(haft_value_at(asked, "/arguments/response/status"), 0) != 401) return HAFT_E_NOT_FOUND;
  atomic_fetch_add((atomic_int *)count, 1);
  haft_args_set_json(reply, "resend", "{\"headers\": {\"Authorization\": \"Bearer fresh\"}}");
  return HAFT_OK;
}

/* A hook that calls the library itself, on whatever thread it runs. */
typedef struct {
  haft_session *session;
  char status[16];
} nested;

static haft_status ask_within(void *data, const haft_value *asked, haft_args *reply) {
  nested *inner = data;
  haft_response *response = NULL;
  (void)asked;
  haft_args *args = with("{'hooks': {'request': null}}");
  haft_status status = haft_session_request(inner->session, "GET", "/status/204", args, &response, NULL);
  haft_args_free(args);
  snprintf(inner->status, sizeof inner->status, "%d", status == HAFT_OK ? (int)haft_response_status(response) : (int)status);
  haft_response_free(response);
  haft_args_set(reply, "headers.X-Inner", inner->status);
  return HAFT_OK;
}

static haft_status carry(void *count, const haft_value *asked, haft_args *reply) {
  if (strcmp(haft_value_string(haft_value_at(asked, "method"), NULL), "send") != 0) return HAFT_OK;
  atomic_fetch_add((atomic_int *)count, 1);
  haft_args_set_json(reply, NULL, "{\"status\": 203, \"headers\": {\"Content-Type\": \"text/plain\"}, \"body\": \"by hand\"}");
  return HAFT_OK;
}

static void hooks(void) {
  haft_session *session = plain();
  atomic_int count = 0;
  haft_args *args = with("{}");
  haft_args_set_provider(args, "hooks.request", mark, &count, NULL);
  result one = call(session, "GET", "/redirect-to?url=/anything", args);
  begin("hook for requests sees every hop");
  add_outcome(&one);
  add_received(&one, "x-hop");
  end();
  done(&one);
  args = with("{}");
  haft_args_set_provider(args, "hooks.response", replace, NULL, NULL);
  one = call(session, "GET", "/get", args);
  begin("hook replaces the answer");
  add_outcome(&one);
  add_body(&one);
  end();
  done(&one);
  args = with("{}");
  atomic_store(&count, 0);
  haft_args_set_provider(args, "hooks.response", again, &count, NULL);
  statuses_of("hook sends again", session, "/bearer/fresh", args);
  args = with("{}");
  haft_args_set_provider(args, "hooks.response", refuse, NULL, NULL);
  outcome_of("hook that fails", session, "GET", "/get", args);
  nested inner = {session, ""};
  args = with("{}");
  haft_args_set_provider(args, "hooks.request", ask_within, &inner, NULL);
  one = call(session, "GET", "/anything", args);
  begin("hook that calls the library");
  add_outcome(&one);
  add_received(&one, "x-inner");
  end();
  done(&one);
  args = with("{}");
  atomic_store(&count, 0);
  haft_args_set_provider(args, "adapter.mock://", carry, &count, NULL);
  CHECK(haft_session_configure(session, args, NULL) == HAFT_OK);
  haft_args_free(args);
  one = call(session, "GET", "mock://anywhere/x", NULL);
  begin("adapter of the host");
  add_outcome(&one);
  add_body(&one);
  add(" asked %d", atomic_load(&count));
  end();
  done(&one);
  leave(session);
}
#endif
