/* 40_mesh: open, search, read a series and plot it as text. Usage: 40_mesh [HOST:PORT] */
#include <haft.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static haft_error *error;

static void check(haft_status status) {
  if (status == HAFT_OK) return;
  fprintf(stderr, "%s: %s\n", haft_status_name(status), haft_error_message(error));
  exit(EXIT_FAILURE);
}

static const char *text(const haft_value *value, const char *pointer) {
  return haft_value_string(haft_value_at(value, pointer), NULL);
}

static haft_response *ask(haft_session *session, const char *verb, const char *target, const char *json) {
  haft_args *args = haft_args_new();
  haft_response *response = NULL;
  haft_args_set_json(args, NULL, json);
  check(haft_session_request(session, verb, target, args, &response, &error));
  haft_args_free(args);
  return response;
}

int main(int argc, char **argv) {
  const char *server = argc > 1 ? argv[1] : getenv("HAFT_DEMO_MESH");
  char url[256];
  haft_session *session = NULL;
  snprintf(url, sizeof url, "mesh+http://%s", server != NULL ? server : "127.0.0.1:50051");
  check(haft_session_create(url, NULL, &session, &error));

  haft_response *version = ask(session, "version", NULL, "{}");
  printf("%s %s\n", text(haft_response_value(version), "/name"), text(haft_response_value(version), "/version"));
  haft_response_free(version);

  /* Every plant below the component; only the attributes that are named come with it. */
  haft_response *plants = ask(session, "search_objects", "Model/SimpleThermalTestModel/ThermalComponent",
                              "{\"query\": \"*[.Type=PlantElementType]\", \"attributes\": [\"TsRawAtt\"]}");
  const haft_value *plant = haft_value_item(haft_response_value(plants), 0, NULL);
  const char *path = text(plant, "/attributes/0/path");
  printf("%s\n", path);

  /* Points come in columns, as they lie in memory. */
  haft_response *points = ask(session, "read_series", path,
                              "{\"start\": \"2016-01-01T01:00:00Z\", \"end\": \"2016-01-01T09:00:00Z\", \"trim\": true}");
  const int64_t *times = NULL;
  const double *values = NULL;
  const uint32_t *flags = NULL;
  size_t count = haft_value_series(haft_response_value(points), &times, &values, &flags);
  for (size_t at = 0; at < count; at++) {
    printf("%02d:00 %6.1f ", (int)(times[at] / 3600000 % 24), values[at]);
    for (int step = 0; !isnan(values[at]) && step < values[at]; step++) printf("####");
    printf("%s\n", isnan(values[at]) ? "missing" : "");
  }
  printf("%zu points, one each %s\n", count, text(haft_response_meta(points), "/resolution"));
  haft_response_free(points);
  haft_response_free(plants);
  check(haft_session_close(session, NULL, &error));
  haft_session_free(session);
  return count == 8 ? EXIT_SUCCESS : EXIT_FAILURE;
}
