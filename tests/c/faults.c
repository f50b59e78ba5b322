/* A host that does what it is told: one command a line on standard input, one line of JSON for each on standard
 * output. Fields are separated by tabs and percent-encoded; a field "-" is NULL. The tests beside say what to do and
 * look at what came out, so that a table of cases needs no program of its own.
 *
 * A command that does not come back is ended by the alarm, which is a failure of the test. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 64, FIELDS = 48 };

static haft_session *sessions[SLOTS];
static haft_response *responses[SLOTS];
static double cancelled_at;
static unsigned patience = 60;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The look-up of names, without a network: one name hangs, the others are unknown. */
static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t name_bell = PTHREAD_COND_INITIALIZER;
static int names_asked;
static int names_freed;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  (void)service, (void)hints, (void)found;
  if (node != NULL && strncmp(node, "hanging", 7) == 0) {
    pthread_mutex_lock(&name_lock);
    ++names_asked;
    pthread_cond_broadcast(&name_bell);
    while (!names_freed) pthread_cond_wait(&name_bell, &name_lock);
    pthread_mutex_unlock(&name_lock);
  }
  return EAI_NONAME;
}

/* ---- what the host gives ---- */

typedef struct {
  int64_t size, given;
  int fails, rewinds;
} source;

static int64_t bytes_read;
static int drops, asked;
static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;

static int64_t give(void *data, void *buffer, size_t size) {
  source *from = (source *)data;
  int64_t count;
  if (buffer == NULL) {
    if (!from->rewinds) return -1;
    from->given = 0;
    return 0;
  }
  if (from->fails && from->given >= from->size / 2) return -1;
  count = from->size - from->given < (int64_t)size ? from->size - from->given : (int64_t)size;
  memset(buffer, 'r', (size_t)count);
  from->given += count;
  pthread_mutex_lock(&count_lock);
  bytes_read += count;
  pthread_mutex_unlock(&count_lock);
  return count;
}

static void dropped(void *data) {
  free(data);
  pthread_mutex_lock(&count_lock);
  ++drops;
  pthread_mutex_unlock(&count_lock);
}

static haft_status provide(void *data, const haft_value *call, haft_args *reply) {
  pthread_mutex_lock(&count_lock);
  ++asked;
  pthread_mutex_unlock(&count_lock);
  CHECK(haft_value_count(call) > 0);
  if (strcmp((const char *)data, "fail") == 0) {
    haft_args_set(reply, "message", "the host said no");
    return HAFT_E_DENIED;
  }
  if (strcmp((const char *)data, "absent") == 0) return HAFT_E_NOT_FOUND;
  if (((const char *)data)[0] == '{') haft_args_set_json(reply, NULL, (const char *)data);
  return HAFT_OK;
}

/* One option: a letter for the setter, a colon, the key, an equals sign, the value. */
static void set_option(haft_args *args, char *option) {
  char *key = option + 2, *value = strchr(option, '=');
  CHECK(value != NULL && option[1] == ':');
  *value++ = '\0';
  switch (option[0]) {
  case 's': haft_args_set(args, key, value); break;
  case 'i': haft_args_set_int(args, key, strtoll(value, NULL, 10)); break;
  case 'd': haft_args_set_double(args, key, strtod(value, NULL)); break;
  case 'b': haft_args_set_bool(args, key, value[0] == 't'); break;
  case 'n': haft_args_set_null(args, key); break;
  case 'j': haft_args_set_json(args, key[0] ? key : NULL, value); break;
  case 'B': haft_args_set_bytes(args, key, value, strlen(value)); break;
  case 'Z': haft_args_set_bytes(args, key, "a\0b", 3); break;
  case 'L': {
    size_t size = (size_t)strtoull(value, NULL, 10);
    char *text = (char *)malloc(size + 1);
    memset(text, 'l', size);
    text[size] = '\0';
    haft_args_set(args, key, text);
    free(text);
    break;
  }
  case 'S': {
    const int64_t times[] = {1000, 2000};
    const double values[] = {0.5, 1.5};
    haft_args_set_series(args, key, times, values, NULL, 2);
    break;
  }
  case 'r': {
    /* size, then u: not told, f: fails half way, o: cannot go back. */
    source *from = (source *)calloc(1, sizeof *from);
    from->size = strtoll(value, NULL, 10);
    from->fails = strchr(value, 'f') != NULL;
    from->rewinds = strchr(value, 'o') == NULL;
    haft_args_set_reader(args, key, strchr(value, 'u') ? -1 : from->size, give, from, dropped);
    break;
  }
  case 'M': {
    /* A part of a form: its filename, then |, then its type. */
    haft_args *part = haft_args_new();
    char *type = strchr(value, '|');
    CHECK(type != NULL);
    *type++ = '\0';
    haft_args_set(part, "list[]", value);
    haft_args_set_bytes(part, "list[]", "content", 7);
    haft_args_set(part, "list[]", type);
    haft_args_set_value(args, key, haft_value_at(haft_args_value(part), "/list"));
    haft_args_free(part);
    break;
  }
  case 'p': {
    char *word = (char *)malloc(strlen(value) + 1);
    strcpy(word, value);
    haft_args_set_provider(args, key, provide, word, dropped);
    break;
  }
  default: CHECK(!"a known kind of option");
  }
}

static haft_args *options(char **fields) {
  haft_args *args = NULL;
  for (; *fields != NULL; ++fields) {
    if (args == NULL) args = haft_args_new();
    set_option(args, *fields);
  }
  return args;
}

/* ---- what came out ---- */

typedef struct {
  char *text;
  size_t size, room;
} line;

static void put(line *out, const char *format, ...) {
  va_list list;
  int count;
  va_start(list, format);
  count = vsnprintf(NULL, 0, format, list);
  va_end(list);
  CHECK(count >= 0);
  if (out->size + (size_t)count + 1 > out->room) {
    out->room = (out->size + (size_t)count + 1) * 2;
    out->text = (char *)realloc(out->text, out->room);
  }
  va_start(list, format);
  vsnprintf(out->text + out->size, (size_t)count + 1, format, list);
  va_end(list);
  out->size += (size_t)count;
}

/* As JSON. Text goes out as it is; bytes that may be anything as one character each. */
static void put_text(line *out, const char *key, const char *text, size_t size, int is_text) {
  size_t at;
  put(out, "\"%s\":\"", key);
  for (at = 0; at < size; ++at) {
    unsigned char byte = (unsigned char)text[at];
    if (byte < 32 || byte == 127 || (byte > 127 && !is_text) || byte == '"' || byte == '\\') put(out, "\\u%04x", byte);
    else put(out, "%c", byte);
  }
  put(out, "\",");
}

static void put_value(line *out, const char *key, const haft_value *value) {
  char *json = haft_value_json(value);
  if (json != NULL && json[0] != '\0') put(out, "\"%s\":%s,", key, json);
  haft_string_free(json);
}

static void put_response(line *out, const haft_response *response) {
  size_t size = 0;
  const char *body;
  if (response == NULL) return;
  put(out, "\"http\":%d,", (int)haft_response_status(response));
  body = haft_response_body(response, &size);
  CHECK(body != NULL && body[size] == '\0');
  put(out, "\"size\":%llu,", (unsigned long long)size);
  put_text(out, "body", body, size < 4096 ? size : 4096, 0);
  put_value(out, "meta", haft_response_meta(response));
  if (size < 100000) put_value(out, "value", haft_response_value(response));
}

static void put_error(line *out, const haft_error *error) {
  const char *message = haft_error_message(error);
  if (error == NULL) return;
  put_text(out, "message", message, strlen(message), 1);
  put_value(out, "detail", haft_error_detail(error));
  put(out, "\"retryable\":%s,", haft_error_is_retryable(error) ? "true" : "false");
  if (haft_error_response(error) != NULL) {
    put(out, "\"failed\":{");
    put_response(out, haft_error_response(error));
    put(out, "\"is\":true},");
  }
}

static void put_result(line *out, haft_status status, haft_error **written) {
  const haft_error *error = *written;
  CHECK((status == HAFT_OK) == (error == NULL));
  CHECK(haft_error_status(error) == status);
  put(out, "\"status\":\"%s\",", haft_status_name(status));
  put_error(out, error);
}

static void finish(line *out, double began) {
  pthread_mutex_lock(&count_lock);
  put(out, "\"read\":%lld,\"drops\":%d,\"asked\":%d,\"ms\":%.3f}\n", (long long)bytes_read, drops, asked, now() - began);
  pthread_mutex_unlock(&count_lock);
}

static void say(line *out) {
  fwrite(out->text, 1, out->size, stdout);
  fflush(stdout);
  free(out->text);
  memset(out, 0, sizeof *out);
}

static long number_of(const char *file, const char *name) {
  char text[256];
  long found = -1;
  FILE *in = fopen(file, "r");
  CHECK(in != NULL);
  while (fgets(text, sizeof text, in) != NULL)
    if (strncmp(text, name, strlen(name)) == 0) found = strtol(text + strlen(name), NULL, 10);
  fclose(in);
  return found;
}

static int entries(const char *folder) {
  DIR *open = opendir(folder);
  int count = 0;
  CHECK(open != NULL);
  while (readdir(open) != NULL) ++count;
  closedir(open);
  return count - 3; /* ., .. and, among descriptors, the folder's own */
}

/* ---- commands ---- */

typedef struct {
  pthread_t thread;
  haft_session *session;
  char *verb, *target;
  haft_args *args;
  line out;
} call;

static call calls[SLOTS];

/* Answers of submitted calls that another thread took out of the queue. */
static haft_event *strays[SLOTS];
static pthread_mutex_t stray_lock = PTHREAD_MUTEX_INITIALIZER;

static haft_event *stray(uint64_t id, haft_event *instead) {
  haft_event *found = NULL;
  int at;
  pthread_mutex_lock(&stray_lock);
  for (at = 0; at < SLOTS && found == NULL; ++at)
    if (strays[at] != NULL && haft_event_id(strays[at]) == id) {
      found = strays[at];
      strays[at] = NULL;
    }
  for (at = 0; instead != NULL; ++at) {
    CHECK(at < SLOTS);
    if (strays[at] == NULL) {
      strays[at] = instead;
      instead = NULL;
    }
  }
  pthread_mutex_unlock(&stray_lock);
  return found;
}

/* A request by way of the queue: the call is submitted, and its answer polled for. */
static haft_status by_queue(haft_session *session, const char *verb, const char *target, haft_args *args, haft_event **answer,
                            haft_error **error) {
  uint64_t id = 0;
  haft_status status = haft_session_submit(session, verb, target, args, &id, error);
  *answer = NULL;
  if (status != HAFT_OK) return status;
  while (*answer == NULL) {
    haft_event *event = NULL;
    haft_session_poll(session, 1, &event, NULL);
    if (event != NULL && haft_event_kind(event) == HAFT_EVENT_RESPONSE && haft_event_id(event) != id) {
      *answer = stray(id, event);
    } else if (event != NULL && haft_event_kind(event) == HAFT_EVENT_RESPONSE) {
      *answer = event;
    } else {
      haft_event_free(event);
      *answer = stray(id, NULL);
    }
  }
  CHECK((haft_event_error(*answer) == NULL) != (haft_event_response(*answer) == NULL));
  return haft_error_status(haft_event_error(*answer));
}

static void perform_by_queue(haft_session *session, const char *verb, const char *target, haft_args *args, line *out) {
  haft_event *answer = NULL;
  haft_error *error = NULL;
  double began = now();
  haft_status status = by_queue(session, verb, target, args, &answer, &error);
  double ended = now();
  haft_args_free(args);
  put(out, "{\"status\":\"%s\",", haft_status_name(status));
  put_error(out, answer != NULL ? haft_event_error(answer) : error);
  put_response(out, haft_event_response(answer));
  put(out, "\"took\":%.3f,", ended - began);
  if (cancelled_at > 0) put(out, "\"after_cancel\":%.3f,", ended - cancelled_at);
  haft_error_free(error);
  haft_event_free(answer);
  finish(out, began);
}

static void perform(haft_session *session, const char *verb, const char *target, haft_args *args, line *out) {
  haft_response *response = NULL;
  haft_error *error = NULL;
  double began = now();
  haft_status status;
  if (getenv("BY_QUEUE") != NULL) {
    perform_by_queue(session, verb, target, args, out);
    return;
  }
  status = haft_session_request(session, verb, target, args, &response, &error);
  double ended = now();
  CHECK((status == HAFT_OK) == (response != NULL));
  haft_args_free(args);
  put(out, "{");
  put_result(out, status, &error);
  put_response(out, response);
  put(out, "\"took\":%.3f,", ended - began);
  if (cancelled_at > 0) put(out, "\"after_cancel\":%.3f,", ended - cancelled_at);
  haft_error_free(error);
  haft_response_free(response);
  finish(out, began);
}

static void *run(void *data) {
  call *one = (call *)data;
  perform(one->session, one->verb, one->target, one->args, &one->out);
  return NULL;
}

static char *copy(const char *text) {
  char *made;
  if (text == NULL) return NULL;
  made = (char *)malloc(strlen(text) + 1);
  strcpy(made, text);
  return made;
}

static void read_some(line *out, haft_response *response, size_t piece, int64_t most) {
  char *buffer = (char *)malloc(piece);
  int64_t total = 0;
  size_t got = 0;
  haft_error *error = NULL;
  haft_status status = HAFT_OK;
  while (total < most) {
    status = haft_response_read(response, buffer, piece, &got, &error);
    if (status != HAFT_OK || got == 0) break;
    total += (int64_t)got;
  }
  free(buffer);
  put_result(out, status, &error);
  put(out, "\"got\":%lld,\"last\":%llu,", (long long)total, (unsigned long long)got);
  haft_error_free(error);
}

static void poll_once(line *out, haft_session *session, int64_t ms) {
  haft_event *event = NULL;
  haft_error *error = NULL;
  haft_status status = haft_session_poll(session, ms, &event, &error);
  put_result(out, status, &error);
  if (event != NULL) {
    put(out, "\"kind\":%d,\"id\":%llu,", (int)haft_event_kind(event), (unsigned long long)haft_event_id(event));
    put_text(out, "topic", haft_event_topic(event), strlen(haft_event_topic(event)), 1);
    put(out, "\"event\":{");
    if (haft_event_error(event) != NULL) put(out, "\"status\":\"%s\",", haft_status_name(haft_error_status(haft_event_error(event))));
    put_error(out, haft_event_error(event));
    put_response(out, haft_event_response(event));
    put(out, "\"is\":true},");
  }
  haft_event_free(event);
  haft_error_free(error);
}

static void obey(char **field) {
  const char *word = field[0];
  line out = {NULL, 0, 0};
  double began = now();
  haft_error *error = NULL;
  haft_response *response = NULL;
  haft_args *args = NULL;
  int slot = field[1] ? atoi(field[1]) : 0;
  CHECK(slot >= 0 && slot < SLOTS);
  put(&out, "{");
  if (strcmp(word, "create") == 0) {
    args = options(field + 3);
    put_result(&out, haft_session_create(field[2], args, &sessions[slot], &error), &error);
  } else if (strcmp(word, "attach") == 0) {
    args = options(field + 4);
    put_result(&out, haft_session_attach(sessions[slot], field[3], args, &sessions[atoi(field[2])], &error), &error);
  } else if (strcmp(word, "configure") == 0) {
    args = options(field + 2);
    put_result(&out, haft_session_configure(sessions[slot], args, &error), &error);
  } else if (strcmp(word, "request") == 0) {
    free(out.text);
    memset(&out, 0, sizeof out);
    perform(sessions[slot], field[2], field[3], options(field + 4), &out);
    say(&out);
    return;
  } else if (strcmp(word, "open") == 0) {
    int at = atoi(field[4]);
    args = options(field + 5);
    put_result(&out, haft_session_request(sessions[slot], field[2], field[3], args, &responses[at], &error), &error);
    if (responses[at] != NULL) put(&out, "\"http\":%d,", (int)haft_response_status(responses[at]));
  } else if (strcmp(word, "read") == 0) {
    read_some(&out, responses[slot], (size_t)strtoull(field[2], NULL, 10), strtoll(field[3], NULL, 10));
  } else if (strcmp(word, "drop") == 0) {
    haft_response_free(responses[slot]);
    responses[slot] = NULL;
  } else if (strcmp(word, "submit") == 0) {
    uint64_t id = 0;
    args = options(field + 4);
    put_result(&out, haft_session_submit(sessions[slot], field[2], field[3], args, &id, &error), &error);
    put(&out, "\"id\":%llu,", (unsigned long long)id);
  } else if (strcmp(word, "stage") == 0) {
    args = options(field + 4);
    put_result(&out, haft_session_stage(sessions[slot], field[2], field[3], args, &response, &error), &error);
  } else if (strcmp(word, "prepare") == 0) {
    haft_args *prepared = NULL;
    args = options(field + 4);
    put_result(&out, haft_session_prepare(sessions[slot], field[2], field[3], args, &prepared, &error), &error);
    put_value(&out, "prepared", haft_args_value(prepared));
    haft_args_free(prepared);
  } else if (strcmp(word, "commit") == 0) {
    args = options(field + 2);
    put_result(&out, haft_session_commit(sessions[slot], args, &response, &error), &error);
    put_response(&out, response);
  } else if (strcmp(word, "rollback") == 0) {
    args = options(field + 2);
    put_result(&out, haft_session_rollback(sessions[slot], args, &error), &error);
  } else if (strcmp(word, "inspect") == 0) {
    args = options(field + 3);
    put_result(&out, haft_session_inspect(sessions[slot], field[2], args, &response, &error), &error);
    put_response(&out, response);
  } else if (strcmp(word, "subscribe") == 0) {
    uint64_t id = 0;
    args = options(field + 3);
    put_result(&out, haft_session_subscribe(sessions[slot], field[2], args, NULL, NULL, NULL, &id, &error), &error);
  } else if (strcmp(word, "poll") == 0) {
    poll_once(&out, sessions[slot], strtoll(field[2], NULL, 10));
  } else if (strcmp(word, "start") == 0) {
    call *one = &calls[atoi(field[2])];
    memset(one, 0, sizeof *one);
    one->session = sessions[slot];
    one->verb = copy(field[3]);
    one->target = copy(field[4]);
    one->args = options(field + 5);
    cancelled_at = 0;
    CHECK(pthread_create(&one->thread, NULL, run, one) == 0);
  } else if (strcmp(word, "wait") == 0) {
    call *one = &calls[slot];
    CHECK(pthread_join(one->thread, NULL) == 0);
    free(one->verb);
    free(one->target);
    free(out.text);
    say(&one->out);
    return;
  } else if (strcmp(word, "cancel") == 0) {
    cancelled_at = now();
    haft_session_cancel(sessions[slot], strtoull(field[2], NULL, 10));
  } else if (strcmp(word, "close") == 0) {
    args = options(field + 2);
    cancelled_at = now();
    put_result(&out, haft_session_close(sessions[slot], args, &error), &error);
  } else if (strcmp(word, "free") == 0) {
    haft_session_free(sessions[slot]);
    sessions[slot] = NULL;
  } else if (strcmp(word, "named") == 0) {
    pthread_mutex_lock(&name_lock);
    while (names_asked < slot) pthread_cond_wait(&name_bell, &name_lock);
    pthread_mutex_unlock(&name_lock);
  } else if (strcmp(word, "unname") == 0) {
    pthread_mutex_lock(&name_lock);
    names_freed = 1;
    pthread_cond_broadcast(&name_bell);
    pthread_mutex_unlock(&name_lock);
  } else if (strcmp(word, "reset") == 0) {
    bytes_read = 0;
    drops = 0;
    asked = 0;
  } else if (strcmp(word, "stats") == 0) {
    put(&out, "\"fds\":%d,\"threads\":%d,", entries("/proc/self/fd"), entries("/proc/self/task") + 1);
    put(&out, "\"rss\":%ld,\"peak\":%ld,", number_of("/proc/self/status", "VmRSS:"),
        number_of("/proc/self/status", "VmHWM:"));
  } else {
    CHECK(!"a known command");
  }
  haft_args_free(args);
  haft_response_free(response);
  haft_error_free(error);
  finish(&out, began);
  say(&out);
}

/* Undoes the percent-encoding in place. */
static void decode(char *field) {
  char *to = field;
  for (; *field != '\0'; ++field) {
    if (*field == '%') {
      char pair[3] = {field[1], field[2], '\0'};
      *to++ = (char)strtol(pair, NULL, 16);
      field += 2;
    } else {
      *to++ = *field;
    }
  }
  *to = '\0';
}

int main(int count, char **arguments) {
  char *text = NULL;
  size_t room = 0;
  int slot;
  if (count > 1) patience = (unsigned)atoi(arguments[1]);
  while (getline(&text, &room, stdin) > 0) {
    char *fields[FIELDS + 1] = {NULL};
    char *rest = text;
    int at = 0;
    text[strcspn(text, "\n")] = '\0';
    while (rest != NULL && at < FIELDS) {
      char *tab = strchr(rest, '\t');
      if (tab != NULL) *tab = '\0';
      fields[at] = strcmp(rest, "-") == 0 ? NULL : rest;
      if (fields[at] != NULL) decode(rest);
      ++at;
      rest = tab != NULL ? tab + 1 : NULL;
    }
    alarm(patience);
    obey(fields);
    alarm(0);
  }
  free(text);
  for (slot = 0; slot < SLOTS; ++slot) {
    haft_response_free(responses[slot]);
    haft_session_free(sessions[slot]);
  }
  return 0;
}
