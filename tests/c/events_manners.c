/* What the host is not to notice: every thread of the library blocks all signals, is named, and a storm of signals ends no
 * call; nothing is written to the standard streams, nothing is left of descriptors or of the signal mask. argv[1] is the
 * URL of the sandbox. */
#include "events.h"

#include <signal.h>

static atomic_int inside, released, hits, drops;

static int64_t wait_inside(void *data, void *buffer, size_t size) {
  (void)data, (void)buffer, (void)size;
  atomic_store(&inside, 1);
  while (!atomic_load(&released)) sched_yield();
  return 0;
}

static void on_signal(int number) {
  (void)number;
  atomic_fetch_add(&hits, 1);
}

/* Looks at each thread of the library; counts those whose name begins so. */
static int well_mannered(const char *name) {
  char path[300], line[256];
  int found = 0;
  DIR *tasks = opendir("/proc/self/task");
  CHECK(tasks != NULL);
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
    unsigned long long blocked = 0;
    int ours = 0;
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
    FILE *file = fopen(path, "r");
    if (file == NULL) continue;
    while (fgets(line, sizeof line, file) != NULL) {
      if (strncmp(line, "Name:\t", 6) == 0) ours = strncmp(line + 6, name, strlen(name)) == 0;
      if (strncmp(line, "SigBlk:\t", 8) == 0) blocked = strtoull(line + 8, NULL, 16);
    }
    fclose(file);
    if (!ours) continue;
    found++;
    for (int number = 1; number < 32; number++) /* two can never be blocked */
      CHECK(number == SIGKILL || number == SIGSTOP || (blocked >> (number - 1) & 1) == 1);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) CHECK((blocked >> (number - 1) & 1) == 1);
  }
  closedir(tasks);
  return found;
}

static void *request_on(void *session) {
  CHECK(status_of(session, "/delay/0.3") == 200);
  return NULL;
}

static void ignore(void *data, haft_event *event) {
  (void)data;
  haft_event_free(event);
}

int main(int count, char **arguments) {
  begin(count, arguments);
  sigset_t before, after;
  struct sigaction action, old;
  CHECK(pthread_sigmask(SIG_BLOCK, NULL, &before) == 0);
  int held = descriptors();
  haft_session *session = open_session();
  haft_args *args = haft_args_new();
  haft_args_set_reader(args, "data", -1, wait_inside, NULL, NULL);
  CHECK(haft_session_subscribe(session, "haft.state", NULL, ignore, &drops, count_atomically, NULL, NULL) == HAFT_OK);
  uint64_t on_worker = submit(session, "POST", "/post", args);
  haft_args_free(args);
  await(&inside, 1);
  uint64_t delayed = submit(session, "GET", "/delay/0.3", NULL);
  /* A name that the system looks up; it never leaves the machine. */
  submit(session, "GET", "http://nowhere.invalid/", NULL);
  haft_event *event = next_event(session);
  CHECK(haft_error_status(haft_event_error(event)) == HAFT_E_IO);
  haft_event_free(event);

  CHECK(well_mannered("haft-worker") == 1 && well_mannered("haft-reactor") == 1);
  CHECK(well_mannered("haft-resolver") >= 1);
  CHECK(threads() == 1 + well_mannered("haft-"));

  /* A storm of signals, each of which interrupts the system call that this process is in: no call fails of it. */
  pthread_t requester;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal; /* without SA_RESTART */
  CHECK(sigaction(SIGUSR1, &action, &old) == 0);
  start_thread(&requester, request_on, session);
  for (double end = seconds() + 0.2; seconds() < end; sched_yield()) {
    CHECK(pthread_kill(requester, SIGUSR1) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
  }
  CHECK(pthread_join(requester, NULL) == 0);
  CHECK(hits > 10);
  expect_answer(session, delayed, 200);
  atomic_store(&released, 1);
  expect_answer(session, on_worker, 200);

  /* A peer that is gone is an error and no SIGPIPE; its default would end this process. */
  CHECK(sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
  for (int k = 0; k < 5; k++) {
    uint64_t id = submit(session, "GET", "/fault/reset", NULL);
    event = next_event(session);
    CHECK(haft_event_id(event) == id && haft_event_error(event) != NULL);
    haft_event_free(event);
  }
  leave(session);
  CHECK(pthread_sigmask(SIG_BLOCK, NULL, &after) == 0 && memcmp(&before, &after, sizeof before) == 0);
  CHECK(drops == 1 && descriptors() == held);
  return 0;
}
