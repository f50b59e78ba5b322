/* What a session over HTTP does, in one of three ways: one line for each case, the number of cases at the end.
 *
 * Usage: conformance blocking|reactor|http2 NAME=VALUE... with the names http, https, proxy, socks, ca, pin, folder. The
 * lines are the same in every way, but for those that expected.txt lists. */
#include "asking.h"
#include "carrying.h"
#include "failing.h"
#include "following.h"
#include "way.h"

static const char *named(int count, char **arguments, const char *name) {
  size_t size = strlen(name);
  for (int at = 2; at < count; ++at)
    if (strncmp(arguments[at], name, size) == 0 && arguments[at][size] == '=') return arguments[at] + size + 1;
  fprintf(stderr, "%s= is needed\n", name);
  exit(2);
}

int main(int count, char **arguments) {
  CHECK(count > 2);
  way.mode = arguments[1];
  way.http = named(count, arguments, "http");
  way.https = named(count, arguments, "https");
  way.proxy = named(count, arguments, "proxy");
  way.socks = named(count, arguments, "socks");
  way.ca = named(count, arguments, "ca");
  way.pin = named(count, arguments, "pin");
  way.folder = named(count, arguments, "folder");
  way.submits = strcmp(way.mode, "reactor") == 0;
  way.alternates = strcmp(way.mode, "http2") == 0;
  CHECK(way.submits || way.alternates || strcmp(way.mode, "blocking") == 0);
  /* A case that hangs is a failure. */
  alarm(120);
  methods();
  headers();
  params();
  bodies();
  multipart();
  prepared();
  children();
  redirects();
  cookies();
  authentication();
  hooks();
  streams();
  saving();
  progress();
  codings();
  sizes();
  connections();
  errors();
  retries();
  timeouts();
  cancelling();
  staging();
  ending();
  printf("%d cases\n", way.cases);
  return 0;
}
