/* 41_mesh_change: change a model in private, look at it, commit. Usage: 41_mesh_change [HOST:PORT] */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

/* What changes something goes into the session's workspace on the server, which the session alone sees. */
static void stage(haft_session *session, const char *verb, const char *target, const char *json) {
  haft_args *args = haft_args_new();
  haft_args_set_json(args, NULL, json);
  check(haft_session_stage(session, verb, target, args, NULL, &error));
  haft_args_free(args);
}

/* Whether a session sees the new chimney, and the height that it has there. */
static int sees(haft_session *session, const char *attribute, double *height) {
  haft_response *response = NULL;
  haft_error *why = NULL;
  haft_status status = haft_session_request(session, "get_attribute", attribute, NULL, &response, &why);
  if (status == HAFT_OK) *height = haft_value_double(haft_value_at(haft_response_value(response), "/value"), -1);
  haft_response_free(response);
  haft_error_free(why);
  return status == HAFT_OK;
}

#define CHIMNEYS "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef"

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_MESH");
  char url[256];
  haft_session *session = NULL, *other = NULL;
  double height = 0;
  snprintf(url, sizeof url, "mesh+http://%s", server != NULL ? server : "127.0.0.1:50051");
  check(haft_session_create(url, NULL, &session, &error));
  /* A second session on the same connection, as somebody else would have one. */
  check(haft_session_attach(session, "session", NULL, &other, &error));

  stage(session, "create_object", CHIMNEYS, "{\"name\": \"Tall\"}");
  stage(session, "update_attribute", CHIMNEYS "/Tall.DblAtt", "{\"value\": 120.5}");
  int mine = sees(session, CHIMNEYS "/Tall.DblAtt", &height);
  int theirs = sees(other, CHIMNEYS "/Tall.DblAtt", &height);
  printf("before the commit: %s here, %s there\n", mine ? "seen" : "not seen", theirs ? "seen" : "not seen");

  haft_response *done = NULL;
  check(haft_session_commit(session, NULL, &done, &error));
  size_t count = haft_value_count(haft_response_value(done));
  int after = sees(other, CHIMNEYS "/Tall.DblAtt", &height);
  printf("%zu changes committed: %s there, %.1f m\n", count, after ? "seen" : "not seen", height);
  haft_response_free(done);

  /* Text is no value of a double attribute: the server's refusal names what it is about. */
  haft_args *args = haft_args_new();
  haft_args_set(args, "value", "tall");
  haft_status status = haft_session_stage(session, "update_attribute", CHIMNEYS "/Tall.DblAtt", args, NULL, &error);
  haft_args_free(args);
  printf("%s: %s\n", haft_status_name(status), haft_error_message(error));
  haft_error_free(error);
  error = NULL;

  stage(session, "delete_object", CHIMNEYS "/Tall", "{}");
  check(haft_session_commit(session, NULL, NULL, &error));
  check(haft_session_close(other, NULL, &error));
  haft_session_free(other);
  check(haft_session_close(session, NULL, &error));
  haft_session_free(session);
  return mine && !theirs && after && count == 2 && height == 120.5 ? EXIT_SUCCESS : EXIT_FAILURE;
}
