/* haft.h - one session handle over HTTP, ftrack, Mesh and Janus. Version 0.1.0.
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
#define HAFT_VERSION         "0.1.0"
#define HAFT_VERSION_MAJOR   0
#define HAFT_VERSION_MINOR   1
#define HAFT_VERSION_PATCH   0
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

/* ==== Types ======================================================================================================= */
/** @defgroup haft_types Types
 *  @{ */

/** A session with a server: a login, its connection, its options, its staged work, its events.
 *
 * Made by haft_session_create or haft_session_attach, left with haft_session_close, let go with haft_session_free.
 * Counted: haft_session_retain adds an owner. Every call may be made from any thread at any time.
 *
 * Functions: haft_session_create, _retain, _attach, _configure, _request, _submit, _stage, _prepare, _commit, _rollback,
 * _cancel, _subscribe, _unsubscribe, _poll, _fd, _inspect, _close, _free. */
typedef struct haft_session haft_session;

/** Named arguments of a call.
 *
 * Made by haft_args_new, filled by the setters, passed to any number of calls, freed with haft_args_free. Everything
 * is copied on the way in. One thread writes at a time; calls that only read may run concurrently. Setters return
 * nothing: the first mistake sticks, and the call that takes the arguments reports it and names the key.
 *
 * A bare key is an argument or an option (`timeout`), a dotted key an entry of a group, split at the first dot
 * (`headers.X-Trace`); `[]` at its end appends (`params.q[]`). The same key set twice replaces.
 *
 * Functions: haft_args_new, _set, _set_int, _set_double, _set_bool, _set_null, _set_json, _set_value, _set_bytes,
 * _set_series, _set_reader, _set_provider, _value, _free. */
typedef struct haft_args haft_args;

/** An answer.
 *
 * Made by haft_session_request and its like, through their `haft_response **response`; it is yours: free it with
 * haft_response_free, before or after its session. Those lent by errors and events (`const haft_response *`) live as
 * long as their owner. Calls that only read may run concurrently; haft_response_read and haft_response_next may not.
 *
 * Functions: haft_response_status, _header, _body, _value, _meta, _read, _next, _free. */
typedef struct haft_response haft_response;

/** Something that happened: a message, the answer of a submitted request, a change of the session's state.
 *
 * Made by haft_session_poll or passed to a haft_event_fn; it is yours: free it with haft_event_free, before or after
 * its session. Calls that only read may run concurrently.
 *
 * Functions: haft_event_kind, _id, _topic, _value, _response, _take_response, _error, _user_data, _free. */
typedef struct haft_event haft_event;

/** Structured data that can be read: null, truth values, numbers, text, bytes, arrays, objects, series.
 *
 * Borrowed from the response, event, error or arguments that it came from, and valid as long as that lives; never
 * freed by itself. Calls never wait and may run concurrently.
 *
 * Functions: haft_value_type, _at, _count, _item, _string, _bytes, _int, _double, _bool, _series, _arrow, _json. */
typedef struct haft_value haft_value;

/** Why a call failed: a sentence to show, and a detail to branch on.
 *
 * Made by a failing call through its `haft_error **error`, which may be NULL when the status is enough. It is yours:
 * free it with haft_error_free. Calls that only read may run concurrently.
 *
 * Functions: haft_error_status, _message, _detail, _response, _is_retryable, _free. */
typedef struct haft_error haft_error;

/** @} */

/* ==== Library ===================================================================================================== */
/** @defgroup haft_library Library
 *  @{ */

/** What became of a call: HAFT_OK, or a negative code.
 *
 * Numbers are never changed. New ones will appear: treat an unknown one as a failure like the others. */
typedef int32_t haft_status;
#define HAFT_OK                0   /**< success */
#define HAFT_E_ARGUMENT      (-1)  /**< NULL, bad UTF-8, unknown option, bad URL */
#define HAFT_E_STATE         (-2)  /**< closed, busy, or in a forked child */
#define HAFT_E_UNSUPPORTED   (-3)  /**< this back end has no such verb */
#define HAFT_E_IO            (-4)  /**< resolve, connect, read, write */
#define HAFT_E_TLS           (-5)  /**< handshake or certificate */
#define HAFT_E_TIMEOUT       (-6)  /**< the phase is in the detail */
#define HAFT_E_CANCELLED     (-7)  /**< by the host */
#define HAFT_E_AUTH          (-8)  /**< who are you? */
#define HAFT_E_DENIED        (-9)  /**< you may not */
#define HAFT_E_NOT_FOUND    (-10)  /**< there is no such thing */
#define HAFT_E_CONFLICT     (-11)  /**< with the server's state */
#define HAFT_E_REMOTE       (-12)  /**< the server refused; see the detail */
#define HAFT_E_PROTOCOL     (-13)  /**< the answer could not be understood */
#define HAFT_E_LIMIT        (-14)  /**< a size, rate or queue limit was reached */
#define HAFT_E_INTERNAL     (-15)  /**< a bug in haft: a panic was contained */

/** How much a line of the log matters. */
typedef int32_t haft_level;
#define HAFT_LOG_ERROR     1   /**< something failed that should not have */
#define HAFT_LOG_WARN      2   /**< something is odd, the work goes on */
#define HAFT_LOG_INFO      3   /**< milestones of a session */
#define HAFT_LOG_DEBUG     4   /**< all that helps to find a fault */

/** Takes one line of the log: `where` names the part of the library, `message` is one line without secrets. Both live
 * for the duration of the call. Runs on any thread; a line written from within is dropped. */
typedef void (*haft_log_fn)(void *user_data, haft_level level, const char *where, const char *message);

/** Lets go of user_data. Runs exactly once, after the last use of user_data, on any thread, also when the call that
 * took it failed. */
typedef void (*haft_drop_fn)(void *user_data);

/** Gives the version of the library, such as "1.2.3".
 *
 * @return text that lives for ever
 * @since 0.1.0 */
HAFT_API const char *haft_version(void);

/** Gives the version of the library as a number: 0x010203 for 1.2.3. Compare it with HAFT_VERSION_NUMBER, the
 * version of this header: a header newer than the library is no error in itself.
 *
 * @return major << 16 | minor << 8 | patch
 * @since 0.1.0 */
HAFT_API uint32_t haft_version_number(void);

/** Tells whether this build has a scheme ("https") or a feature ("media").
 *
 * @param name  the scheme or the feature; NULL is answered with false
 * @return true when it is there
 * @since 0.1.0 */
HAFT_API bool haft_supports(const char *name);

/** Frees a text that the library returned as `char *`.
 *
 * @param string  the text, or NULL
 * @since 0.1.0 */
HAFT_API void haft_string_free(char *string);

/** Sets the log hook of the process; before that, the library is silent. Another hook replaces the first, whose
 * `drop` then runs as soon as no line is being written any more. Secrets never appear in the log.
 *
 * Any thread may call it. No lock is held while the hook runs.
 *
 * @param log        the hook, or NULL to be silent again
 * @param user_data  passed to the hook
 * @param drop       runs exactly once, after the last use of user_data; may be NULL
 * @param most       the highest level that is wanted, such as HAFT_LOG_INFO; 0 is none
 * @since 0.1.0 */
HAFT_API void haft_log_set(haft_log_fn log, void *user_data, haft_drop_fn drop, haft_level most);

/** Names a status, such as "HAFT_E_TIMEOUT".
 *
 * @param status  any number
 * @return text that lives for ever; "unknown status" for a number that this library does not know
 * @since 0.1.0 */
HAFT_API const char *haft_status_name(haft_status status);

/** @} */

/* ==== Errors ====================================================================================================== */
/** @defgroup haft_errors Errors
 *  @{ */

/** Gives the status, the same as the failing call returned.
 *
 * @param error  the error; NULL is answered with HAFT_OK
 * @return a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_error_status(const haft_error *error);

/** Gives the sentence to show: one line in the past tense, without secrets.
 *
 * @param error  the error; NULL is answered with ""
 * @return text that lives as long as the error
 * @since 0.1.0 */
HAFT_API const char *haft_error_message(const haft_error *error);

/** Gives the detail: an object with `code` (a stable word such as "connect_timeout") and, where they apply, `phase`,
 * `outcome` ("not_sent", "unknown", "applied": whether a change may have happened), `index`, `http_status`,
 * `server_code`, `server_text`, `exception`, `url` and `key`.
 *
 * @param error  the error; NULL is answered with NULL
 * @return an object that lives as long as the error
 * @since 0.1.0 */
HAFT_API const haft_value *haft_error_detail(const haft_error *error);

/** Gives the failed answer, when there was one.
 *
 * @param error  the error; NULL is answered with NULL
 * @return a response that lives as long as the error, or NULL
 * @since 0.1.0 */
HAFT_API const haft_response *haft_error_response(const haft_error *error);

/** Tells whether the same call may succeed later and is safe to repeat: the cause is transient, and the request
 * certainly did not take effect unnoticed.
 *
 * @param error  the error; NULL is answered with false
 * @return true when it may be tried again
 * @since 0.1.0 */
HAFT_API bool haft_error_is_retryable(const haft_error *error);

/** Frees an error, with all that was borrowed from it.
 *
 * @param error  the error, or NULL
 * @since 0.1.0 */
HAFT_API void haft_error_free(haft_error *error);

/** @} */

/* ==== Arguments: what you write =================================================================================== */
/** @defgroup haft_arguments Arguments: what you write
 *  @{ */

/** Gives bytes of the host: writes up to `size` of them to `buffer` and returns how many, 0 at the end, a negative
 * number to abort the call. With `buffer` NULL and `size` 0 it goes back to the start and returns 0, or a negative
 * number if it cannot. Runs on the calling thread, or on the worker thread of the session for submitted work. */
typedef int64_t (*haft_read_fn)(void *user_data, void *buffer, size_t size);

/** Answers a question of the library. `call` is an object of `provider`, `method` and `arguments`; the answer goes
 * into `reply`, which is the library's and valid for the duration of the call. HAFT_E_NOT_FOUND means absent; any
 * other negative number fails the call that asked, with the text under `message` of the reply. */
typedef haft_status (*haft_provide_fn)(void *user_data, const haft_value *call, haft_args *reply);

/** Makes an empty set of arguments.
 *
 * @return arguments to free with haft_args_free
 * @since 0.1.0 */
HAFT_API HAFT_CHECKED haft_args *haft_args_new(void);

/** Sets a text.
 *
 * @param args  the arguments; NULL is ignored
 * @param key   the name
 * @param text  UTF-8, copied
 * @since 0.1.0 */
HAFT_API void haft_args_set(haft_args *args, const char *key, const char *text);

/** Sets a whole number.
 *
 * @param args   the arguments; NULL is ignored
 * @param key    the name
 * @param value  the number; durations are in seconds
 * @since 0.1.0 */
HAFT_API void haft_args_set_int(haft_args *args, const char *key, int64_t value);

/** Sets a number.
 *
 * @param args   the arguments; NULL is ignored
 * @param key    the name
 * @param value  the number; durations are in seconds
 * @since 0.1.0 */
HAFT_API void haft_args_set_double(haft_args *args, const char *key, double value);

/** Sets a truth value.
 *
 * @param args   the arguments; NULL is ignored
 * @param key    the name
 * @param value  true or false
 * @since 0.1.0 */
HAFT_API void haft_args_set_bool(haft_args *args, const char *key, bool value);

/** Sets an explicit null, which drops a default (`headers.Accept`) or clears a group (`headers`).
 *
 * @param args  the arguments; NULL is ignored
 * @param key   the name
 * @since 0.1.0 */
HAFT_API void haft_args_set_null(haft_args *args, const char *key);

/** Sets what a JSON text says; NaN and infinities are accepted. With a NULL key the text is an object, whose members
 * are set one by one: the way in for other languages. Keys inside the text are not split at dots.
 *
 * @param args  the arguments; NULL is ignored
 * @param key   the name, or NULL to merge an object
 * @param json  JSON text in UTF-8, copied
 * @since 0.1.0 */
HAFT_API void haft_args_set_json(haft_args *args, const char *key, const char *json);

/** Sets a value that was read elsewhere. Readers, providers, bytes and series in it are shared, not copied.
 *
 * @param args   the arguments; NULL is ignored
 * @param key    the name
 * @param value  any value, copied
 * @since 0.1.0 */
HAFT_API void haft_args_set_value(haft_args *args, const char *key, const haft_value *value);

/** Sets bytes.
 *
 * @param args  the arguments; NULL is ignored
 * @param key   the name
 * @param data  the bytes, copied; may be NULL when size is 0
 * @param size  how many
 * @since 0.1.0 */
HAFT_API void haft_args_set_bytes(haft_args *args, const char *key, const void *data, size_t size);

/** Sets points of a time series, in columns of `count` items each.
 *
 * @param args    the arguments; NULL is ignored
 * @param key     the name
 * @param times   UTC milliseconds, copied
 * @param values  the values (NaN where there is none), copied
 * @param flags   the flags, copied; NULL for all 0
 * @param count   how many points
 * @since 0.1.0 */
HAFT_API void haft_args_set_series(haft_args *args, const char *key, const int64_t *times, const double *values,
                                   const uint32_t *flags, size_t count);

/** Sets a source of bytes, such as a large body, which is read while it is sent.
 *
 * @param args       the arguments; NULL only runs `drop`
 * @param key        the name
 * @param size       bytes from start to end, or -1 when that is not known
 * @param read       gives the bytes
 * @param user_data  passed to read
 * @param drop       runs exactly once, after the last use of user_data; may be NULL
 * @since 0.1.0 */
HAFT_API void haft_args_set_reader(haft_args *args, const char *key, int64_t size, haft_read_fn read, void *user_data,
                                   haft_drop_fn drop);

/** Sets an answerer of the library's questions, such as `auth`.
 *
 * @param args       the arguments; NULL only runs `drop`
 * @param key        the name
 * @param provide    answers
 * @param user_data  passed to provide
 * @param drop       runs exactly once, after the last use of user_data; may be NULL
 * @since 0.1.0 */
HAFT_API void haft_args_set_provider(haft_args *args, const char *key, haft_provide_fn provide, void *user_data,
                                     haft_drop_fn drop);

/** Shows what was written so far, secrets included.
 *
 * @param args  the arguments; NULL is answered with NULL
 * @return an object that lives until the arguments are changed or freed
 * @since 0.1.0 */
HAFT_API const haft_value *haft_args_value(const haft_args *args);

/** Frees arguments. Calls that took them keep what they need.
 *
 * @param args  the arguments, or NULL
 * @since 0.1.0 */
HAFT_API void haft_args_free(haft_args *args);

/** @} */

/* ==== Values: what you read ======================================================================================= */
/** @defgroup haft_values Values: what you read
 *  @{ */

/** The type of a value. New ones will appear: ignore unknown ones. */
typedef int32_t haft_type;
#define HAFT_TYPE_NULL         0   /**< nothing: the explicit null */
#define HAFT_TYPE_BOOL         1   /**< a truth value */
#define HAFT_TYPE_INT          2   /**< a whole number that fits into 64 bits */
#define HAFT_TYPE_DOUBLE       3   /**< any other number */
#define HAFT_TYPE_STRING       4   /**< text */
#define HAFT_TYPE_BYTES        5   /**< bytes */
#define HAFT_TYPE_ARRAY        6   /**< values in order */
#define HAFT_TYPE_OBJECT       7   /**< named values in order */
#define HAFT_TYPE_SERIES       8   /**< points of a time series, in columns */
#define HAFT_TYPE_READER       9   /**< a reader of the host, in arguments only */
#define HAFT_TYPE_PROVIDER    10   /**< an answerer of the host, in arguments only */

/** Gives the type.
 *
 * @param value  the value; NULL is answered with HAFT_TYPE_NULL
 * @return one of HAFT_TYPE_...
 * @since 0.1.0 */
HAFT_API haft_type haft_value_type(const haft_value *value);

/** Finds a value inside another.
 *
 * @param value    where to look; NULL is answered with NULL
 * @param pointer  a JSON pointer ("/items/0/name"), one plain member name ("name"), or "" for the value itself
 * @return the value, of type HAFT_TYPE_NULL for an explicit null; NULL when there is nothing
 * @since 0.1.0 */
HAFT_API const haft_value *haft_value_at(const haft_value *value, const char *pointer);

/** Counts the items of an array, the members of an object or the points of a series.
 *
 * @param value  the value; NULL is answered with 0
 * @return how many; 0 for all other types
 * @since 0.1.0 */
HAFT_API size_t haft_value_count(const haft_value *value);

/** Gives an item of an array or a member of an object, by its place.
 *
 * @param value  the array or the object; NULL is answered with NULL
 * @param index  from 0 to the count, less one
 * @param key    out: the member's name, living as long as the value; NULL in an array. May be NULL
 * @return the item; NULL behind the end
 * @since 0.1.0 */
HAFT_API const haft_value *haft_value_item(const haft_value *value, size_t index, const char **key);

/** Gives the text of a string, or the source text of a number.
 *
 * @param value  the value; NULL and other types are answered with ""
 * @param size   out: the length in bytes without the final NUL (there may be NULs inside). May be NULL
 * @return text that lives as long as the value, never NULL
 * @since 0.1.0 */
HAFT_API const char *haft_value_string(const haft_value *value, size_t *size);

/** Gives bytes, or the bytes of a string.
 *
 * @param value  the value; NULL and other types are answered with NULL
 * @param size   out: how many. May be NULL
 * @return bytes that live as long as the value, or NULL
 * @since 0.1.0 */
HAFT_API const void *haft_value_bytes(const haft_value *value, size_t *size);

/** Gives a number that is exactly a 64-bit integer (3, also when written 3.0).
 *
 * @param value      the value
 * @param otherwise  the answer for everything else
 * @return the number, or `otherwise`
 * @since 0.1.0 */
HAFT_API int64_t haft_value_int(const haft_value *value, int64_t otherwise);

/** Gives a number that is exactly a double.
 *
 * @param value      the value
 * @param otherwise  the answer for everything else
 * @return the number, or `otherwise`
 * @since 0.1.0 */
HAFT_API double haft_value_double(const haft_value *value, double otherwise);

/** Gives a truth value.
 *
 * @param value      the value
 * @param otherwise  the answer for everything else
 * @return the truth value, or `otherwise`
 * @since 0.1.0 */
HAFT_API bool haft_value_bool(const haft_value *value, bool otherwise);

/** Gives the columns of a series, without copying. They live as long as the value.
 *
 * @param value   the series; NULL and other types are answered with 0
 * @param times   out: UTC milliseconds. May be NULL
 * @param values  out: the values, NaN where there is none. May be NULL
 * @param flags   out: the flags. May be NULL
 * @return how many points
 * @since 0.1.0 */
HAFT_API size_t haft_value_series(const haft_value *value, const int64_t **times, const double **values,
                                  const uint32_t **flags);

/** Gives a series through the Arrow C data interface, without copying: a struct of `times` (timestamp in UTC
 * milliseconds), `values` (float64) and `flags` (uint32). Both structs outlive the value.
 *
 * @param value   the series
 * @param schema  out: to be released through its own callback
 * @param array   out: to be released through its own callback
 * @param error   out: why it failed; free it. May be NULL
 * @return HAFT_OK, or HAFT_E_ARGUMENT when the value is no series or a parameter is NULL; the structs are then marked
 *         as released
 * @since 0.1.0 */
HAFT_API haft_status haft_value_arrow(const haft_value *value, struct ArrowSchema *schema, struct ArrowArray *array,
                                      haft_error **error);

/** Writes a value as JSON text. Bytes become base64 text, a series becomes an object of its columns.
 *
 * @param value  the value; NULL is answered with ""
 * @return text to free with haft_string_free
 * @since 0.1.0 */
HAFT_API HAFT_CHECKED char *haft_value_json(const haft_value *value);

/** @} */

/* ==== Sessions ==================================================================================================== */
/** @defgroup haft_sessions Sessions
 *  @{ */

/** Takes an event, which is yours: free it, or hand it on. Runs on the session's worker thread, one call at a time; any
 * call of the library is allowed inside, except haft_session_poll. It must not throw and not longjmp. */
typedef void (*haft_event_fn)(void *user_data, haft_event *event);

/** What a plug-in library exports as haft_plugin_register; anything but HAFT_OK leaves it out. It retains the session to
 * keep it. One that also exports `const uint32_t haft_plugin_version = HAFT_VERSION_NUMBER;` is called only by a library
 * that it was made for. */
typedef haft_status (*haft_plugin_fn)(haft_session *session, uint32_t version_number, const haft_value *arguments);

/** Opens a session. The scheme of `url` picks the back end: "https://host/base". It waits where the back end has to log
 * in; a session over HTTP opens no connection yet.
 *
 * @param url      the server
 * @param args     options, copied; may be NULL
 * @param session  out: the session, to free with haft_session_free
 * @param error    out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API HAFT_CHECKED haft_status haft_session_create(const char *url, const haft_args *args, haft_session **session,
                                                      haft_error **error);

/** Adds an owner to a session, who frees it once more.
 *
 * @param session  the session; NULL is answered with NULL
 * @return the same session, to free with haft_session_free
 * @since 0.1.0 */
HAFT_API haft_session *haft_session_retain(haft_session *session);

/** Narrows a session to a child that shares its connection and its options: another base path, a WebSocket, an entity,
 * a plugin handle.
 *
 * @param session  the parent
 * @param name     what to attach to, in the words of the back end
 * @param args     options of the child, copied; may be NULL
 * @param child    out: a session, to free with haft_session_free, before or after its parent
 * @param error    out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API HAFT_CHECKED haft_status haft_session_attach(haft_session *session, const char *name, const haft_args *args,
                                                      haft_session **child, haft_error **error);

/** Changes the options of a session for the calls that follow. What is given merges over what is there; null drops.
 *
 * @param session  the session
 * @param args     options, copied
 * @param error    out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_configure(haft_session *session, const haft_args *args, haft_error **error);

/** Does something now, and waits for the answer on the calling thread. An answer that the server gave is no failure,
 * whatever its status, unless `raise_for_status` asks for that.
 *
 * @param session   the session
 * @param verb      what to do, such as "GET"; NULL with what haft_session_prepare gave
 * @param target    to what, such as "/items"; NULL where the verb needs none
 * @param args      arguments and options; may be NULL
 * @param response  out: the answer, to free with haft_response_free. May be NULL
 * @param error     out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_request(haft_session *session, const char *verb, const char *target,
                                          const haft_args *args, haft_response **response, haft_error **error);

/** Starts something and does not wait: the answer comes as one event of the kind HAFT_EVENT_RESPONSE, also when it
 * failed.
 *
 * @param session  the session; the event goes to its queue
 * @param verb     what to do; NULL with what haft_session_prepare gave
 * @param target   to what; NULL where the verb needs none
 * @param args     arguments and options, copied; may be NULL
 * @param id       out: the number of the event and for haft_session_cancel. May be NULL
 * @param error    out: why it could not be started; free it. May be NULL
 * @return HAFT_OK, HAFT_E_LIMIT when too much is in flight or unread, or another negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_submit(haft_session *session, const char *verb, const char *target,
                                         const haft_args *args, uint64_t *id, haft_error **error);

/** Puts something on the list of what haft_session_commit does. Every session that shares the login shares the list; with
 * Mesh each session on the server has a list of its own.
 *
 * @param session   the session
 * @param verb      what to do; NULL with what haft_session_prepare gave
 * @param target    to what; NULL where the verb needs none
 * @param args      arguments and options, copied; may be NULL
 * @param response  out: what is known before the commit, to free with haft_response_free. May be NULL
 * @param error     out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_stage(haft_session *session, const char *verb, const char *target,
                                        const haft_args *args, haft_response **response, haft_error **error);

/** Gives what would be sent, as arguments that can be looked at, changed, and passed to haft_session_request with a
 * NULL verb and a NULL target. Nothing is sent.
 *
 * @param session   the session
 * @param verb      what to do
 * @param target    to what; NULL where the verb needs none
 * @param args      arguments and options; may be NULL
 * @param prepared  out: arguments to free with haft_args_free
 * @param error     out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_prepare(haft_session *session, const char *verb, const char *target,
                                          const haft_args *args, haft_args **prepared, haft_error **error);

/** Does what is staged, in order, and waits. Where the server has no transactions, it stops at the first failure: what
 * was done has left the list, the rest stays, `index` in the detail tells the place.
 *
 * @param session   the session, or any other that shares its list
 * @param args      options; may be NULL
 * @param response  out: an array of `index`, `status` and `value`, to free with haft_response_free; each item whole
 *                  by haft_response_next. May be NULL
 * @param error     out: why it failed, with the partial results; free it. May be NULL
 * @return HAFT_OK, also when nothing is staged; or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_commit(haft_session *session, const haft_args *args, haft_response **response,
                                         haft_error **error);

/** Forgets what is staged.
 *
 * @param session  the session, or any other that shares its list
 * @param args     options; may be NULL
 * @param error    out: why it failed; free it. May be NULL
 * @return HAFT_OK, also when nothing is staged; or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_rollback(haft_session *session, const haft_args *args, haft_error **error);

/** Ends a call under way with HAFT_E_CANCELLED. It never waits, and may be called at any time, by any thread, but not by
 * a signal handler.
 *
 * @param session  the session; NULL is ignored
 * @param id       the number of the call; 0 for all of this session
 * @since 0.1.0 */
HAFT_API void haft_session_cancel(haft_session *session, uint64_t id);

/** Hears events. Without a callback they wait in the session's queue for haft_session_poll.
 *
 * @param session    the session
 * @param topic      what to hear, in the words of the back end; "haft.state" and "haft.response" everywhere
 * @param args       options, copied; may be NULL
 * @param callback   takes the events, or NULL to poll for them
 * @param user_data  passed to the callback, and shown by haft_event_user_data
 * @param drop       runs exactly once, after the last use of user_data, also when this call fails; may be NULL
 * @param id         out: the number of the subscription. May be NULL
 * @param error      out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_subscribe(haft_session *session, const char *topic, const haft_args *args,
                                            haft_event_fn callback, void *user_data, haft_drop_fn drop, uint64_t *id,
                                            haft_error **error);

/** Ends a subscription. It never waits: a callback that runs on another thread may still finish, and `drop` runs after
 * it.
 *
 * @param session  the session that subscribed; NULL is ignored
 * @param id       the number of the subscription; an unknown one is ignored
 * @since 0.1.0 */
HAFT_API void haft_session_unsubscribe(haft_session *session, uint64_t id);

/** Takes the next event out of the session's queue. Several threads may wait; each event goes to one of them.
 *
 * @param session     the session
 * @param timeout_ms  how long to wait: 0 only looks, -1 waits for ever
 * @param event       out: the event, to free with haft_event_free; NULL when the time is over
 * @param error       out: why it failed; free it. May be NULL
 * @return HAFT_OK, also when the time is over; HAFT_E_STATE on the worker thread, and after HAFT_EVENT_CLOSED was read
 * @since 0.1.0 */
HAFT_API haft_status haft_session_poll(haft_session *session, int64_t timeout_ms, haft_event **event,
                                       haft_error **error);

/** Gives a descriptor that is readable while events wait in the session's queue, for select, poll, epoll or kqueue. It
 * belongs to the library: never read, write or close it.
 *
 * @param session  the session
 * @return a descriptor that is good until the session is freed, or -1 where there is none
 * @since 0.1.0 */
HAFT_API int haft_session_fd(haft_session *session);

/** Gives a snapshot of the session's own state, such as "options", "cookies", "stats" or "staged". Secrets show as
 * "***". Nothing is sent.
 *
 * @param session   the session
 * @param what      the name of the snapshot
 * @param args      options; may be NULL
 * @param response  out: a response with the value, to free with haft_response_free. May be NULL
 * @param error     out: why it failed; free it. May be NULL
 * @return HAFT_OK, or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_inspect(haft_session *session, const char *what, const haft_args *args,
                                          haft_response **response, haft_error **error);

/** Leaves the server politely: children first, calls under way end with HAFT_E_CANCELLED, a waiting haft_session_poll
 * gets HAFT_EVENT_CLOSED. It waits at most `timeout` seconds (5 unless given). Called from a callback, it returns at
 * once and finishes later. The session is then closed; it still has to be freed.
 *
 * @param session  the session
 * @param args     options; may be NULL
 * @param error    out: why it failed; free it. May be NULL
 * @return HAFT_OK, also for a second time; or a negative code
 * @since 0.1.0 */
HAFT_API haft_status haft_session_close(haft_session *session, const haft_args *args, haft_error **error);

/** Drops one owner of a session; the last one lets it go. It never waits, for the network or for a thread: calls under
 * way in other threads end with HAFT_E_CANCELLED, and what is staged is lost: close before. In a forked child it sends nothing.
 *
 * @param session  the session, or NULL
 * @since 0.1.0 */
HAFT_API void haft_session_free(haft_session *session);

/** @} */

/* ==== Responses =================================================================================================== */
/** @defgroup haft_responses Responses
 *  @{ */

/** Gives the HTTP status.
 *
 * @param response  the response; NULL is answered with 0
 * @return the status of the answer, or 0 where the back end has none
 * @since 0.1.0 */
HAFT_API int32_t haft_response_status(const haft_response *response);

/** Gives a header field of the answer; several of one name are joined with ", ".
 *
 * @param response  the response; NULL is answered with NULL
 * @param name      the name, in any case
 * @return text that lives as long as the response; NULL when there is no such field
 * @since 0.1.0 */
HAFT_API const char *haft_response_header(const haft_response *response, const char *name);

/** Gives the body as it is after decoding. A NUL follows it in memory.
 *
 * @param response  the response; NULL is answered with ""
 * @param size      out: how many bytes. May be NULL
 * @return bytes that live as long as the response, never NULL; empty while the response is streamed
 * @since 0.1.0 */
HAFT_API const char *haft_response_body(const haft_response *response, size_t *size);

/** Gives the parsed value. It is parsed at the first call, by the thread that asks.
 *
 * @param response  the response; NULL is answered with NULL
 * @return a value that lives as long as the response; NULL when there is none
 * @since 0.1.0 */
HAFT_API const haft_value *haft_response_value(const haft_response *response);

/** Gives what is known about the answer: for HTTP `url`, `reason`, `headers`, `history`, `timings` and more.
 *
 * @param response  the response; NULL is answered with NULL
 * @return an object that lives as long as the response
 * @since 0.1.0 */
HAFT_API const haft_value *haft_response_meta(const haft_response *response);

/** Reads on in a streamed body, and waits for bytes within the time-outs of the call. A body that is in memory is read
 * from there. With a NULL buffer and the size 0, what is left of the stream is read into the response: from then on
 * haft_response_body and haft_response_value have it. Of a stream of pages or messages that is an array of what
 * haft_response_next has not given yet, as the call without `stream` has it; after an error there is none.
 *
 * @param response  the response; one thread at a time
 * @param buffer    where the bytes go; NULL to read the rest into the response
 * @param size      how many at most
 * @param got       out: how many were read; 0 is the end. With a NULL buffer, the size of the body. May be NULL
 * @param error     out: why it failed; free it. May be NULL
 * @return HAFT_OK, also at the end
 * @since 0.1.0 */
HAFT_API haft_status haft_response_read(haft_response *response, void *buffer, size_t size, size_t *got,
                                        haft_error **error);

/** Gives the next page, message or committed item of a response that has several.
 *
 * @param response  the response; one thread at a time
 * @param item      out: the next one, to free with haft_response_free; NULL at the end
 * @param error     out: why it failed; free it. May be NULL
 * @return HAFT_OK, also at the end
 * @since 0.1.0 */
HAFT_API haft_status haft_response_next(haft_response *response, haft_response **item, haft_error **error);

/** Frees a response, with all that was borrowed from it. Freed before its end, a streamed one ends its connection. It
 * never waits.
 *
 * @param response  the response, or NULL
 * @since 0.1.0 */
HAFT_API void haft_response_free(haft_response *response);

/** @} */

/* ==== Events ====================================================================================================== */
/** @defgroup haft_events Events
 *  @{ */

/** What an event is about. New kinds will appear: ignore unknown ones. */
typedef int32_t haft_kind;
#define HAFT_EVENT_MESSAGE      1   /**< something subscribed to */
#define HAFT_EVENT_RESPONSE     2   /**< a submitted request finished */
#define HAFT_EVENT_PROGRESS     3   /**< bytes moved for a request that asked for it */
#define HAFT_EVENT_LOST         4   /**< connection lost, being restored */
#define HAFT_EVENT_RESTORED     5   /**< restored; subscriptions are back */
#define HAFT_EVENT_DROPPED      6   /**< the queue overflowed; count in the value */
#define HAFT_EVENT_CLOSED       7   /**< the last event of a session */
#define HAFT_EVENT_ENDED        8   /**< a subscription ended by itself; the error says why, unless it was in order */

/** Gives the kind.
 *
 * @param event  the event; NULL is answered with 0
 * @return one of HAFT_EVENT_...
 * @since 0.1.0 */
HAFT_API haft_kind haft_event_kind(const haft_event *event);

/** Gives the number of the subscription or of the submitted request that the event belongs to.
 *
 * @param event  the event; NULL is answered with 0
 * @return the number that haft_session_subscribe or haft_session_submit gave, or 0
 * @since 0.1.0 */
HAFT_API uint64_t haft_event_id(const haft_event *event);

/** Gives the topic of a message, or the `tag` of a submitted request.
 *
 * @param event  the event; NULL is answered with ""
 * @return text that lives as long as the event, never NULL
 * @since 0.1.0 */
HAFT_API const char *haft_event_topic(const haft_event *event);

/** Gives what the event carries.
 *
 * @param event  the event; NULL is answered with NULL
 * @return a value that lives as long as the event; NULL when there is none
 * @since 0.1.0 */
HAFT_API const haft_value *haft_event_value(const haft_event *event);

/** Gives the answer of a submitted request.
 *
 * @param event  the event; NULL is answered with NULL
 * @return a response that lives as long as the event; NULL when there is none, or when it was taken
 * @since 0.1.0 */
HAFT_API const haft_response *haft_event_response(const haft_event *event);

/** Moves the answer of a submitted request out of its event. What was borrowed from it before is gone.
 *
 * @param event  the event; NULL is answered with NULL. No other thread may use it meanwhile
 * @return a response to free with haft_response_free; NULL when there is none, or when it was taken
 * @since 0.1.0 */
HAFT_API HAFT_CHECKED haft_response *haft_event_take_response(haft_event *event);

/** Gives the reason when what the event is about failed.
 *
 * @param event  the event; NULL is answered with NULL
 * @return an error that lives as long as the event; NULL when nothing failed
 * @since 0.1.0 */
HAFT_API const haft_error *haft_event_error(const haft_event *event);

/** Gives the user_data of the subscription that the event belongs to. It stays good as long as the event: the
 * subscription's `drop` waits for it.
 *
 * @param event  the event; NULL is answered with NULL
 * @return what haft_session_subscribe was given; NULL for other events, and for events that were still waiting when
 *         their subscription was ended and its `drop` ran
 * @since 0.1.0 */
HAFT_API void *haft_event_user_data(const haft_event *event);

/** Frees an event, with all that was borrowed from it.
 *
 * @param event  the event, or NULL
 * @since 0.1.0 */
HAFT_API void haft_event_free(haft_event *event);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* HAFT_H */
