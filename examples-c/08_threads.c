/* 08_threads: eight threads, one session, and every answer goes to who asked. Usage: 08_threads [URL] */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, REQUESTS = 50 };

struct asker {
  haft_session *session;
  int number, right, reused;
};

/* A session may be used by any thread at any time; arguments and responses stay with the thread that made them. */
static void *ask(void *data) {
  struct asker *asker = data;
  for (int i = 0; i < REQUESTS; i++) {
    haft_response *response = NULL;
    haft_args *args = haft_args_new();
    haft_args_set_int(args, "params.thread", asker->number);
    haft_args_set_int(args, "params.request", i);
    if (haft_session_request(asker->session, "GET", "/get", args, &response, NULL) == HAFT_OK) {
      const haft_value *seen = haft_value_at(haft_response_value(response), "args");
      int thread = atoi(haft_value_string(haft_value_at(seen, "thread"), NULL));
      int request = atoi(haft_value_string(haft_value_at(seen, "request"), NULL));
      asker->right += thread == asker->number && request == i;
      asker->reused += haft_value_bool(haft_value_at(haft_response_meta(response), "reused"), false);
    }
    haft_response_free(response);
    haft_args_free(args);
  }
  return NULL;
}

int main(int argc, char **argv) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  if (haft_session_create(argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTP"), NULL, &session, &error) != HAFT_OK) {
    fprintf(stderr, "%s\n", haft_error_message(error));
    haft_error_free(error);
    return EXIT_FAILURE;
  }

  pthread_t threads[THREADS];
  struct asker askers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    askers[i] = (struct asker){session, i, 0, 0};
    if (pthread_create(&threads[i], NULL, ask, &askers[i]) != 0) return EXIT_FAILURE;
  }
  int right = 0, reused = 0;
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    printf("thread %d: %d of %d right\n", i, askers[i].right, REQUESTS);
    right += askers[i].right;
    reused += askers[i].reused;
  }
  printf("%d answers, %d over a connection that was open already\n", right, reused);

  haft_session_free(session);
  return right == THREADS * REQUESTS && reused >= right - 2 * THREADS ? EXIT_SUCCESS : EXIT_FAILURE;
}
