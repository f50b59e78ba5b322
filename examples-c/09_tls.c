/* 09_tls: an authority of your own, a client certificate, and a pinned key.
 * Usage: 09_tls [HTTPS-URL], with HAFT_DEMO_HTTPS, _MTLS, _CA, _CLIENT_CERT, _CLIENT_KEY and _PIN in the environment */
#include <haft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A GET with these options: the value at `pointer` on success, the code of the failure otherwise, as text to free. */
static char *get(const char *url, const haft_args *options, const char *pointer) {
  haft_session *session = NULL;
  haft_response *response = NULL;
  haft_error *error = NULL;
  const haft_value *found;
  if (haft_session_create(url, options, &session, &error) == HAFT_OK &&
      haft_session_request(session, "GET", "/get", NULL, &response, &error) == HAFT_OK) {
    found = haft_value_at(haft_response_meta(response), pointer);
  } else {
    printf("  %s: %s\n", haft_status_name(haft_error_status(error)), haft_error_message(error));
    found = haft_value_at(haft_error_detail(error), "code");
  }
  size_t size = 0;
  const char *text = haft_value_string(found, &size);
  char *copy = malloc(size + 1);
  if (copy == NULL) abort();
  memcpy(copy, text, size + 1);
  haft_error_free(error);
  haft_response_free(response);
  haft_session_free(session);
  return copy;
}

static void expect(const char *what, char *text, const char *wanted) {
  printf("%s: %s\n", what, text);
  int right = strncmp(text, wanted, strlen(wanted)) == 0;
  free(text);
  if (!right) exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
  const char *https = argc > 1 ? argv[1] : getenv("HAFT_DEMO_HTTPS"), *mtls = getenv("HAFT_DEMO_HTTPS_MTLS");
  haft_args *options = haft_args_new();

  expect("a certificate from nowhere", get(https, options, "/tls/version"), "certificate");

  haft_args_set(options, "verify", getenv("HAFT_DEMO_CA")); /* a file, or a directory of them */
  expect("with its authority", get(https, options, "/tls/version"), "TLSv1");

  haft_args_set(options, "verify_pin", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  expect("with another key pinned", get(https, options, "/tls/version"), "certificate");
  haft_args_set(options, "verify_pin", getenv("HAFT_DEMO_PIN"));
  expect("with its key pinned", get(https, options, "/tls/version"), "TLSv1");

  expect("without a client certificate", get(mtls, options, "/tls/version"), "certificate");
  haft_args_set(options, "cert[]", getenv("HAFT_DEMO_CLIENT_CERT"));
  haft_args_set(options, "cert[]", getenv("HAFT_DEMO_CLIENT_KEY"));
  expect("with one", get(mtls, options, "/tls/cipher"), "TLS");

  haft_args_free(options);
  return EXIT_SUCCESS;
}
