// haft.hpp - haft.h for C++17: the same calls, with owners that free, and failures that throw. Header only.
//
// Owners (session, args, response, event) can be moved; a session can also be copied, which retains it. A value is a
// view: it lives as long as what it came from. A failing call throws haft::error. Functions given to subscribe,
// reader and provider may throw: what they throw is caught at the border and never enters the library.
#ifndef HAFT_HPP
#define HAFT_HPP

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "haft.h"

namespace haft {

class response;

namespace detail {
template <auto Free> struct deleter {
  template <typename T> void operator()(T *pointer) const noexcept { Free(pointer); }
};
template <typename T, auto Free> using owner = std::unique_ptr<T, deleter<Free>>;
template <typename Function> void drop(void *data) noexcept { delete static_cast<Function *>(data); }
} // namespace detail

/// Points of a time series, borrowed from their value.
struct series_view {
  std::size_t size = 0;
  const std::int64_t *times = nullptr; ///< UTC milliseconds
  const double *values = nullptr;      ///< NaN where there is none
  const std::uint32_t *flags = nullptr;
};

/// A view of structured data; see haft_value.
class value {
public:
  value() = default;
  explicit value(const haft_value *pointer) : pointer_(pointer) {}

  explicit operator bool() const noexcept { return pointer_ != nullptr; }
  const haft_value *get() const noexcept { return pointer_; }
  haft_type type() const noexcept { return haft_value_type(pointer_); }
  bool is_null() const noexcept { return type() == HAFT_TYPE_NULL; }
  std::size_t size() const noexcept { return haft_value_count(pointer_); }

  /// By JSON pointer or plain member name; an empty view when there is nothing.
  value at(const std::string &pointer) const noexcept { return value(haft_value_at(pointer_, pointer.c_str())); }
  value operator[](const std::string &name) const noexcept { return at(name); }
  value operator[](const char *name) const noexcept { return value(haft_value_at(pointer_, name)); }
  template <typename Index, typename = std::enable_if_t<std::is_integral_v<Index>>>
  value operator[](Index index) const noexcept { return item(static_cast<std::size_t>(index)).second; }
  /// The name (empty in an array) and the item.
  std::pair<std::string_view, value> item(std::size_t index) const noexcept {
    const char *key = nullptr;
    const haft_value *found = haft_value_item(pointer_, index, &key);
    return {key ? std::string_view(key) : std::string_view(), value(found)};
  }

  std::string_view text() const noexcept {
    std::size_t size = 0;
    const char *text = haft_value_string(pointer_, &size);
    return {text, size};
  }
  std::string_view bytes() const noexcept {
    std::size_t size = 0;
    const void *bytes = haft_value_bytes(pointer_, &size);
    return {static_cast<const char *>(bytes), size};
  }
  std::int64_t to_int(std::int64_t otherwise = 0) const noexcept { return haft_value_int(pointer_, otherwise); }
  double to_double(double otherwise = std::numeric_limits<double>::quiet_NaN()) const noexcept {
    return haft_value_double(pointer_, otherwise);
  }
  bool to_bool(bool otherwise = false) const noexcept { return haft_value_bool(pointer_, otherwise); }
  series_view series() const noexcept {
    series_view view;
    view.size = haft_value_series(pointer_, &view.times, &view.values, &view.flags);
    return view;
  }
  std::string json() const {
    detail::owner<char, haft_string_free> text(haft_value_json(pointer_));
    return text ? text.get() : std::string();
  }

private:
  const haft_value *pointer_ = nullptr;
};

/// A failed call. Copies share the error object.
class error : public std::runtime_error {
public:
  error(haft_status status, haft_error *taken)
      : std::runtime_error(taken ? haft_error_message(taken) : haft_status_name(status)), status_(status),
        error_(taken, haft_error_free) {}

  haft_status status() const noexcept { return status_; }
  /// The stable word for what happened, such as "connect_timeout".
  std::string_view code() const noexcept { return detail()["code"].text(); }
  value detail() const noexcept { return value(haft_error_detail(error_.get())); }
  bool is_retryable() const noexcept { return haft_error_is_retryable(error_.get()); }
  /// The failed answer, or NULL.
  const haft_response *failed_response() const noexcept { return haft_error_response(error_.get()); }

private:
  haft_status status_;
  std::shared_ptr<haft_error> error_;
};

namespace detail {
// By reference: arguments are evaluated in any order, and the call that writes `error` is the other one.
inline void check(haft_status status, haft_error *const &error) {
  if (status != HAFT_OK) throw haft::error(status, error);
}
} // namespace detail

/// Named arguments, filled in a chain: args().set("timeout", 5).set("headers.Accept", "text/plain").
class args {
public:
  args() : args_(haft_args_new()) {}
  explicit args(haft_args *taken) : args_(taken) {}

  haft_args *get() const noexcept { return args_.get(); }
  value view() const noexcept { return value(haft_args_value(args_.get())); }

  args &set(const char *key, const char *text) & { return haft_args_set(get(), key, text), *this; }
  args &set(const char *key, const std::string &text) & { return set(key, text.c_str()); }
  args &set(const char *key, value found) & { return haft_args_set_value(get(), key, found.get()), *this; }
  args &set(const char *key, std::nullptr_t) & { return haft_args_set_null(get(), key), *this; }
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  args &set(const char *key, Number number) & {
    if constexpr (std::is_same_v<Number, bool>) haft_args_set_bool(get(), key, number);
    else if constexpr (std::is_floating_point_v<Number>) haft_args_set_double(get(), key, static_cast<double>(number));
    else haft_args_set_int(get(), key, static_cast<std::int64_t>(number));
    return *this;
  }
  /// JSON text; a NULL key merges an object.
  args &json(const char *key, const std::string &text) & { return haft_args_set_json(get(), key, text.c_str()), *this; }
  args &bytes(const char *key, std::string_view bytes) & {
    return haft_args_set_bytes(get(), key, bytes.data(), bytes.size()), *this;
  }
  args &series(const char *key, const std::vector<std::int64_t> &times, const std::vector<double> &values,
               const std::vector<std::uint32_t> &flags = {}) & {
    if (times.size() != values.size() || (!flags.empty() && flags.size() != times.size()))
      throw std::invalid_argument("the columns of a series must have one length");
    haft_args_set_series(get(), key, times.data(), values.data(), flags.empty() ? nullptr : flags.data(), times.size());
    return *this;
  }
  /// As haft_read_fn: bytes written, 0 at the end; a buffer of NULL asks to go back.
  using read_function = std::function<std::int64_t(void *buffer, std::size_t size)>;
  args &reader(const char *key, read_function read, std::int64_t size = -1) & {
    auto call = [](void *data, void *buffer, std::size_t room) noexcept -> std::int64_t {
      try { return (*static_cast<read_function *>(data))(buffer, room); } catch (...) { return -1; }
    };
    haft_args_set_reader(get(), key, size, call, new read_function(std::move(read)), detail::drop<read_function>);
    return *this;
  }
  /// As haft_provide_fn; `reply` is lent for the call.
  using provide_function = std::function<haft_status(value call, haft_args *reply)>;
  args &provider(const char *key, provide_function provide) & {
    auto call = [](void *data, const haft_value *question, haft_args *reply) noexcept -> haft_status {
      try {
        return (*static_cast<provide_function *>(data))(value(question), reply);
      } catch (const std::exception &thrown) {
        haft_args_set(reply, "message", thrown.what());
      } catch (...) {
      }
      return HAFT_E_REMOTE;
    };
    haft_args_set_provider(get(), key, call, new provide_function(std::move(provide)), detail::drop<provide_function>);
    return *this;
  }

  // The same on a temporary, which a chain may end in.
  template <typename T> args &&set(const char *key, T &&what) && { return std::move(set(key, std::forward<T>(what))); }
  args &&json(const char *key, const std::string &text) && { return std::move(json(key, text)); }
  args &&bytes(const char *key, std::string_view data) && { return std::move(bytes(key, data)); }
  args &&reader(const char *key, read_function read, std::int64_t size = -1) && {
    return std::move(reader(key, std::move(read), size));
  }
  args &&provider(const char *key, provide_function provide) && {
    return std::move(provider(key, std::move(provide)));
  }

private:
  detail::owner<haft_args, haft_args_free> args_;
};

/// An answer; see haft_response.
class response {
public:
  response() = default;
  explicit response(haft_response *taken) : response_(taken) {}

  explicit operator bool() const noexcept { return response_ != nullptr; }
  haft_response *get() const noexcept { return response_.get(); }
  int status() const noexcept { return haft_response_status(get()); }
  std::optional<std::string_view> header(const std::string &name) const noexcept {
    const char *text = haft_response_header(get(), name.c_str());
    return text ? std::optional<std::string_view>(text) : std::nullopt;
  }
  std::string_view body() const noexcept {
    std::size_t size = 0;
    const char *body = haft_response_body(get(), &size);
    return {body, size};
  }
  haft::value value() const noexcept { return haft::value(haft_response_value(get())); }
  haft::value meta() const noexcept { return haft::value(haft_response_meta(get())); }
  /// Reads on in a stream; 0 at the end.
  std::size_t read(void *buffer, std::size_t size) {
    std::size_t got = 0;
    haft_error *failure = nullptr;
    detail::check(haft_response_read(get(), buffer, size, &got, &failure), failure);
    return got;
  }
  /// The next page, message or item; an empty response at the end.
  response next() {
    haft_response *item = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_response_next(get(), &item, &failure), failure);
    return response(item);
  }

private:
  detail::owner<haft_response, haft_response_free> response_;
};

/// Something that happened; see haft_event.
class event {
public:
  event() = default;
  explicit event(haft_event *taken) : event_(taken) {}

  explicit operator bool() const noexcept { return event_ != nullptr; }
  haft_event *get() const noexcept { return event_.get(); }
  haft_kind kind() const noexcept { return haft_event_kind(get()); }
  std::uint64_t id() const noexcept { return haft_event_id(get()); }
  std::string_view topic() const noexcept { return haft_event_topic(get()); }
  haft::value value() const noexcept { return haft::value(haft_event_value(get())); }
  response take_response() { return response(haft_event_take_response(get())); }
  /// The reason when it failed, else NULL.
  const haft_error *failure() const noexcept { return haft_event_error(get()); }

private:
  detail::owner<haft_event, haft_event_free> event_;
};

/// A session; see haft_session. Copies share it.
class session {
public:
  session() = default;
  explicit session(haft_session *taken) : session_(taken) {}
  explicit session(const std::string &url, const args &options = {}) {
    haft_session *made = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_session_create(url.c_str(), options.get(), &made, &failure), failure);
    session_.reset(made);
  }
  session(const session &other) : session_(haft_session_retain(other.get())) {}
  session(session &&) noexcept = default;
  session &operator=(session other) noexcept { return session_.swap(other.session_), *this; }

  explicit operator bool() const noexcept { return session_ != nullptr; }
  haft_session *get() const noexcept { return session_.get(); }

  session attach(const std::string &name, const args &options = {}) {
    haft_session *child = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_session_attach(get(), name.c_str(), options.get(), &child, &failure), failure);
    return session(child);
  }
  void configure(const args &options) {
    haft_error *failure = nullptr;
    detail::check(haft_session_configure(get(), options.get(), &failure), failure);
  }
  response request(const char *verb, const char *target, const args &arguments = {}) {
    return call(haft_session_request, verb, target, arguments);
  }
  response request(const std::string &verb, const std::string &target, const args &arguments = {}) {
    return request(verb.c_str(), target.c_str(), arguments);
  }
  /// What prepare gave.
  response request(const args &prepared) { return request(nullptr, nullptr, prepared); }
  response stage(const char *verb, const char *target, const args &arguments = {}) {
    return call(haft_session_stage, verb, target, arguments);
  }
  std::uint64_t submit(const char *verb, const char *target, const args &arguments = {}) {
    std::uint64_t id = 0;
    haft_error *failure = nullptr;
    detail::check(haft_session_submit(get(), verb, target, arguments.get(), &id, &failure), failure);
    return id;
  }
  args prepare(const char *verb, const char *target, const args &arguments = {}) {
    haft_args *prepared = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_session_prepare(get(), verb, target, arguments.get(), &prepared, &failure), failure);
    return args(prepared);
  }
  response commit(const args &options = {}) {
    haft_response *answer = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_session_commit(get(), options.get(), &answer, &failure), failure);
    return response(answer);
  }
  void rollback(const args &options = {}) {
    haft_error *failure = nullptr;
    detail::check(haft_session_rollback(get(), options.get(), &failure), failure);
  }
  void cancel(std::uint64_t id = 0) noexcept { haft_session_cancel(get(), id); }
  /// Waits in the queue for poll.
  std::uint64_t subscribe(const std::string &topic, const args &options = {}) {
    return listen(topic, options, nullptr, nullptr, nullptr);
  }
  /// Calls `callback` on the session's worker thread.
  using event_function = std::function<void(event)>;
  std::uint64_t subscribe(const std::string &topic, event_function callback, const args &options = {}) {
    auto call = [](void *data, haft_event *taken) noexcept {
      event owned(taken);
      try { (*static_cast<event_function *>(data))(std::move(owned)); } catch (...) {}
    };
    auto *kept = new event_function(std::move(callback));
    return listen(topic, options, call, kept, detail::drop<event_function>);
  }
  void unsubscribe(std::uint64_t id) noexcept { haft_session_unsubscribe(get(), id); }
  /// The next event, or an empty one after `timeout_ms` (-1: for ever).
  event poll(std::int64_t timeout_ms = -1) {
    haft_event *next = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_session_poll(get(), timeout_ms, &next, &failure), failure);
    return event(next);
  }
  int fd() const noexcept { return haft_session_fd(get()); }
  response inspect(const std::string &what, const args &options = {}) {
    haft_response *answer = nullptr;
    haft_error *failure = nullptr;
    detail::check(haft_session_inspect(get(), what.c_str(), options.get(), &answer, &failure), failure);
    return response(answer);
  }
  void close(const args &options = {}) {
    haft_error *failure = nullptr;
    detail::check(haft_session_close(get(), options.get(), &failure), failure);
  }

private:
  template <typename Function>
  response call(Function function, const char *verb, const char *target, const args &arguments) {
    haft_response *answer = nullptr;
    haft_error *failure = nullptr;
    detail::check(function(get(), verb, target, arguments.get(), &answer, &failure), failure);
    return response(answer);
  }
  std::uint64_t listen(const std::string &topic, const args &options, haft_event_fn callback, void *data,
                       haft_drop_fn drop) {
    std::uint64_t id = 0;
    haft_error *failure = nullptr;
    detail::check(haft_session_subscribe(get(), topic.c_str(), options.get(), callback, data, drop, &id, &failure),
                  failure);
    return id;
  }

  detail::owner<haft_session, haft_session_free> session_;
};

} // namespace haft

#endif // HAFT_HPP
