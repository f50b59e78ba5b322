/* Two copies of the library in one process (a host's and a plug-in's), used by a thread that ends after both were
 * unloaded. HAFT_LIBRARY names the shared library. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>

struct copy {
  void *handle;
  haft_args *(*args_new)(void);
  void (*args_set)(haft_args *, const char *, const char *);
  void (*args_free)(haft_args *);
  void (*log_set)(haft_log_fn, void *, haft_drop_fn, haft_level);
};

static struct copy load(const char *path) {
  struct copy copy;
  copy.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!copy.handle) fprintf(stderr, "%s\n", dlerror());
  CHECK(copy.handle);
  *(void **)&copy.args_new = dlsym(copy.handle, "haft_args_new");
  *(void **)&copy.args_set = dlsym(copy.handle, "haft_args_set");
  *(void **)&copy.args_free = dlsym(copy.handle, "haft_args_free");
  *(void **)&copy.log_set = dlsym(copy.handle, "haft_log_set");
  CHECK(copy.args_new && copy.args_set && copy.args_free && copy.log_set);
  return copy;
}

static void take(void *data, haft_level level, const char *where, const char *message) {
  (void)data, (void)level, (void)where, (void)message;
}

static void *use(void *copies) {
  for (struct copy *copy = copies, *end = copy + 2; copy != end; copy++) {
    haft_args *args = copy->args_new();
    copy->args_set(args, "a", "b");
    copy->args_free(args);
    CHECK(dlclose(copy->handle) == 0);
  }
  return NULL;
}

int main(void) {
  char second[] = "/tmp/haft-copy-XXXXXX", command[4096];
  int descriptor = mkstemp(second);
  CHECK(descriptor != -1);
  snprintf(command, sizeof command, "cp \"$HAFT_LIBRARY\" %s", second);
  CHECK(system(command) == 0);
  struct copy copies[2] = {load(getenv("HAFT_LIBRARY")), load(second)};
  remove(second);
  CHECK(copies[0].args_new != copies[1].args_new);
  /* The hook of one is not the hook of the other. */
  int drops = 0;
  copies[0].log_set(take, &drops, count_drop, HAFT_LOG_DEBUG);
  copies[1].log_set(NULL, NULL, NULL, 0);
  CHECK(drops == 0);
  copies[0].log_set(NULL, NULL, NULL, 0);
  CHECK(drops == 1);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, use, copies) == 0 && pthread_join(thread, NULL) == 0);
  return 0;
}
