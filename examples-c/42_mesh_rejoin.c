/* 42_mesh_rejoin: a process is killed, and the next one goes on in its session. Usage: 42_mesh_rejoin [HOST:PORT]
 *
 * The workspace lives on the server, not on the connection: whoever knows its id can go on, until it was left unused for
 * too long. */
#define _POSIX_C_SOURCE 200809L
#include <haft.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

#define ATTRIBUTE "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.StringAtt"

/* Changes something, tells the id of its session, and never comes to commit. */
static void first(const char *url, int out) {
  haft_session *session = NULL;
  haft_response *id = NULL;
  haft_args *args = haft_args_new();
  check(haft_session_create(url, NULL, &session, &error));
  haft_args_set(args, "value", "written before the end");
  check(haft_session_stage(session, "update_attribute", ATTRIBUTE, args, NULL, &error));
  check(haft_session_inspect(session, "session_id", NULL, &id, &error));
  size_t size = 0;
  const char *text = haft_value_string(haft_response_value(id), &size);
  if (write(out, text, size) != (ssize_t)size) _exit(EXIT_FAILURE);
  close(out);
  kill(getpid(), SIGKILL);
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_MESH");
  char url[256], name[64] = "session:";
  int ends[2], outcome = 0;
  snprintf(url, sizeof url, "mesh+http://%s", server != NULL ? server : "127.0.0.1:50051");
  if (pipe(ends) != 0) return EXIT_FAILURE;
  pid_t child = fork();
  if (child < 0) return EXIT_FAILURE;
  if (child == 0) {
    close(ends[0]);
    first(url, ends[1]);
  }
  close(ends[1]);
  size_t length = strlen(name);
  ssize_t got = 0;
  while (length < sizeof name - 1 && (got = read(ends[0], name + length, sizeof name - 1 - length)) > 0) length += (size_t)got;
  name[length] = 0;
  close(ends[0]);
  waitpid(child, &outcome, 0);
  if (!WIFSIGNALED(outcome)) return EXIT_FAILURE;
  printf("the first process was killed; its session is %s\n", name + strlen("session:"));

  haft_session *session = NULL;
  haft_args *args = haft_args_new();
  haft_response *found = NULL;
  haft_args_set(args, "session_id", name + strlen("session:"));
  check(haft_session_create(url, args, &session, &error));
  haft_args_free(args);
  check(haft_session_request(session, "get_attribute", ATTRIBUTE, NULL, &found, &error));
  const char *value = haft_value_string(haft_value_at(haft_response_value(found), "/value"), NULL);
  printf("found in it: %s\n", value);
  int right = strcmp(value, "written before the end") == 0;
  haft_response_free(found);
  /* What it had not committed can be committed now. Here it is forgotten. */
  check(haft_session_rollback(session, NULL, &error));
  check(haft_session_close(session, NULL, &error));
  haft_session_free(session);

  /* A session that the server does not know is an error at once. */
  args = haft_args_new();
  haft_args_set(args, "session_id", "00112233-4455-6677-8899-aabbccddeeff");
  haft_status status = haft_session_create(url, args, &session, &error);
  haft_args_free(args);
  printf("%s: %s\n", haft_status_name(status), haft_error_message(error));
  haft_error_free(error);
  return right && status == HAFT_E_NOT_FOUND ? EXIT_SUCCESS : EXIT_FAILURE;
}
