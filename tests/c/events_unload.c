/* Load, submit, subscribe, close, unload, and only then let the threads end that used it; several times over, and once
 * with a session that is only freed. HAFT_LIBRARY names the shared library; argv[1] is the URL of the sandbox. */
#include "events.h"

#include <dlfcn.h>

#define ENTRY(name) __typeof__(&name) name##_
struct library {
  void *handle;
  ENTRY(haft_session_create);
  ENTRY(haft_session_submit);
  ENTRY(haft_session_request);
  ENTRY(haft_session_subscribe);
  ENTRY(haft_session_poll);
  ENTRY(haft_session_fd);
  ENTRY(haft_session_close);
  ENTRY(haft_session_free);
  ENTRY(haft_event_kind);
  ENTRY(haft_event_free);
  ENTRY(haft_response_status);
  ENTRY(haft_response_free);
};

static struct library library;
static atomic_int pushed, drops, unloaded, used;

static void load(void) {
  library.handle = dlopen(getenv("HAFT_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
  if (library.handle == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library.handle != NULL);
#define FIND(name) CHECK((*(void **)&library.name##_ = dlsym(library.handle, #name)) != NULL)
  FIND(haft_session_create);
  FIND(haft_session_submit);
  FIND(haft_session_request);
  FIND(haft_session_subscribe);
  FIND(haft_session_poll);
  FIND(haft_session_fd);
  FIND(haft_session_close);
  FIND(haft_session_free);
  FIND(haft_event_kind);
  FIND(haft_event_free);
  FIND(haft_response_status);
  FIND(haft_response_free);
}

static void take(void *data, haft_event *event) {
  (void)data;
  library.haft_event_free_(event);
  atomic_fetch_add(&pushed, 1);
}

static haft_session *work(int stalled) {
  haft_session *session = NULL;
  haft_event *event = NULL;
  haft_response *answer = NULL;
  CHECK(library.haft_session_create_(server, NULL, &session, NULL) == HAFT_OK);
  int before = atomic_load(&pushed);
  haft_status status = library.haft_session_subscribe_(session, "haft.state", NULL, take, &drops, count_atomically, NULL, NULL);
  CHECK(status == HAFT_OK);
  await(&pushed, before + 1);
  CHECK(library.haft_session_fd_(session) >= 0);
  CHECK(library.haft_session_submit_(session, "GET", "/get", NULL, NULL, NULL) == HAFT_OK);
  CHECK(library.haft_session_poll_(session, 20000, &event, NULL) == HAFT_OK);
  CHECK(library.haft_event_kind_(event) == HAFT_EVENT_RESPONSE);
  library.haft_event_free_(event);
  CHECK(library.haft_session_request_(session, "GET", "/status/204", NULL, &answer, NULL) == HAFT_OK);
  CHECK(library.haft_response_status_(answer) == 204);
  library.haft_response_free_(answer);
  for (int k = 0; k < stalled; k++)
    CHECK(library.haft_session_submit_(session, "GET", "/fault/stall", NULL, NULL, NULL) == HAFT_OK);
  return session;
}

/* Uses the library, and ends after it was unloaded: what it left in this thread must still have its code. */
static void *user(void *data) {
  (void)data;
  haft_session *session = work(3);
  CHECK(library.haft_session_close_(session, NULL, NULL) == HAFT_OK);
  library.haft_session_free_(session);
  atomic_fetch_add(&used, 1);
  while (!atomic_load(&unloaded)) sched_yield();
  return NULL;
}

int main(int count, char **arguments) {
  begin(count, arguments);
  int before = descriptors();
  for (int round = 0; round < 5; round++) {
    pthread_t users[2];
    atomic_store(&unloaded, 0);
    atomic_store(&used, 0);
    load();
    for (int k = 0; k < 2; k++) start_thread(&users[k], user, NULL);
    await(&used, 2);
    CHECK(threads() == 3); /* close has joined the library's own */
    CHECK(dlclose(library.handle) == 0);
    atomic_store(&unloaded, 1);
    for (int k = 0; k < 2; k++) CHECK(pthread_join(users[k], NULL) == 0);
    CHECK(threads() == 1 && drops == 2 * (round + 1) && descriptors() == before);
  }
  /* A host that frees and unloads at once: the library's threads go on for a moment, and need their code. */
  load();
  haft_session *session = work(20);
  library.haft_session_free_(session);
  CHECK(dlclose(library.handle) == 0);
  await_baseline(before);
  CHECK(drops == 11);
  return 0;
}
