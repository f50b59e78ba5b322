/* What both sides can do, so that work.c is the same program for both: client_haft.c, client_curl.c, client_raw.c. */
#ifndef CLIENT_H
#define CLIENT_H
#include <stdbool.h>
#include <stddef.h>

struct client;

/* A session to `base`; with `limits`, time-outs for connecting, for silence (haft alone) and for the whole call. */
struct client *client_open(const char *base, bool limits);
/* One request without a body, or with this one; the answer's body comes whole into memory and has `size` bytes. */
void client_request(struct client *client, const char *method, const char *target, const char *body, size_t size);
/* A GET with options of its own: a header field, a query parameter, a time-out. */
void client_options(struct client *client, const char *target, size_t size);
/* A GET whose body is read piece by piece. */
void client_stream(struct client *client, const char *target, size_t size);
/* A PUT of so many bytes from a reader. */
void client_upload(struct client *client, const char *target, size_t size);
/* The end of the session. */
void client_close(struct client *client);

/* Ends the program when something is not as it must be: a wrong answer is no measurement. */
void must(bool fine, const char *what);
#endif
