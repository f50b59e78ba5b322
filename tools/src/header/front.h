/* haft.h - one session handle over HTTP, ftrack, Mesh and Janus. Version @VERSION@.
 *
 * A session is a login, a connection, options, staged work and events. Five verbs carry everything: create, request,
 * commit, subscribe, close.
 *
 *     haft_session *session = NULL;
 *     haft_response *response = NULL;
 *     haft_error *error = NULL;
 *     if (haft_session_create("https://example.org", NULL, &session, &error) == HAFT_OK &&
 *         haft_session_request(session, "GET", "/items", NULL, &response, &error) == HAFT_OK)
 *       puts(haft_response_body(response, NULL));
 *     else
 *       fputs(haft_error_message(error), stderr);
 *     haft_error_free(error);
 *     haft_response_free(response);
 *     haft_session_free(session);
 *
 * Ownership. What comes out through a `T **` is yours to free. What comes out through a `const T **` or is returned as
 * a pointer is borrowed from the first argument and lives as long as that, except a returned `char *`, which goes to
 * haft_string_free, and what `_new`, `_retain` and `_take_` return. Arguments are copied before a call returns;
 * the library keeps nothing of yours but user_data. Frees take NULL, and their order never matters.
 *
 * Errors. A call that can fail returns HAFT_OK or a negative haft_status. Its `error`, when not NULL, is always written:
 * NULL on success, else an object to free. On failure the other out-parameters are NULL or 0. These out-parameters may
 * be NULL: response, id, got, error, size, key, times, values, flags. A needed pointer that is NULL is
 * HAFT_E_ARGUMENT; functions that only look answer NULL with 0, false, NULL or "".
 *
 * Text is UTF-8 and ends with NUL; text that is not is HAFT_E_ARGUMENT. Numbers are seconds, unless the name ends in
 * _ms. New kinds, types and codes will appear: ignore unknown ones.
 *
 * Threads. Sessions: any thread, at any time. Responses, events, errors, values: any number of threads may read, one
 * frees. Arguments: one thread writes at a time. haft_session_cancel, haft_session_unsubscribe and all frees never wait.
 * No thread is started before it is needed; requests over HTTP run on the calling thread. Callbacks come as
 * function, user_data and drop; they run without any lock of the library, and must not throw and not longjmp.
 *
 * Fork. In a child, calls with objects of the parent return HAFT_E_STATE, and frees send nothing.
 *
 * Linking. `pkg-config --cflags --libs haft`, or `find_package(haft)` and the target haft::haft. Define HAFT_STATIC
 * before including this header when the static library is linked. */
#ifndef HAFT_H
#define HAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ==== Version and macros ============================================================================================ */

/** The version of this header. haft_version_number() tells that of the library. */
#define HAFT_VERSION         "@VERSION@"
#define HAFT_VERSION_MAJOR   @MAJOR@
#define HAFT_VERSION_MINOR   @MINOR@
#define HAFT_VERSION_PATCH   @PATCH@
#define HAFT_VERSION_NUMBER  ((HAFT_VERSION_MAJOR << 16) | (HAFT_VERSION_MINOR << 8) | HAFT_VERSION_PATCH)

/* HAFT_API: an entry of the library. HAFT_CHECKED: its result must be looked at. HAFT_DEPRECATED: there is a better
 * one; silent when HAFT_NO_DEPRECATED is defined. */
#if defined(_WIN32) && !defined(HAFT_STATIC)
#define HAFT_API __declspec(dllimport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define HAFT_API __attribute__((visibility("default")))
#else
#define HAFT_API
#endif
#if defined(__GNUC__)
#define HAFT_CHECKED __attribute__((warn_unused_result))
#else
#define HAFT_CHECKED
#endif
#if defined(__GNUC__) && !defined(HAFT_NO_DEPRECATED)
#define HAFT_DEPRECATED(note) __attribute__((deprecated(note)))
#else
#define HAFT_DEPRECATED(note)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The Arrow C data interface, declared by its own headers; needed by haft_value_arrow alone. */
struct ArrowSchema;
struct ArrowArray;

