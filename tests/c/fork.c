/* A session does not survive into a forked child: calls are refused, free sends nothing. */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  haft_session *session = NULL;
  haft_error *error = NULL;
  CHECK(haft_session_create("http://127.0.0.1:9", NULL, &session, &error) == HAFT_OK && error == NULL);
  pid_t child = fork();
  if (child == 0) {
    haft_response *response = NULL;
    haft_session *own = NULL;
    uint64_t id = 1;
    FAILS(haft_session_request(session, "GET", "/", NULL, &response, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_submit(session, "GET", "/", NULL, &id, &error), HAFT_E_STATE, "fork");
    FAILS(haft_session_close(session, NULL, &error), HAFT_E_STATE, "fork");
    CHECK(response == NULL && id == 0 && haft_session_fd(session) == -1);
    haft_session_cancel(session, 0);
    haft_session_free(session);
    /* The child may have its own. */
    CHECK(haft_session_create("http://127.0.0.1:9", NULL, &own, &error) == HAFT_OK);
    CHECK(haft_session_close(own, NULL, &error) == HAFT_OK);
    haft_session_free(own);
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(haft_session_close(session, NULL, &error) == HAFT_OK);
  haft_session_free(session);
  return 0;
}
