// 21_session: defaults, a body from a function, an adapter that is a lambda, events. Usage: 21_session [URL]
#include <haft.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <future>
#include <iostream>
#include <string>

int main(int argc, char **argv) try {
  const char *url = argc > 1 ? argv[1] : std::getenv("HAFT_DEMO_HTTP");
  haft::args options;
  options.set("timeout", "5s").set("headers.User-Agent", "haft-example/1").set("raise_for_status", true);
  options.provider("adapter.http://mock.test/", [](haft::value call, haft_args *reply) {
    haft_args_set(reply, "body", std::string(call.at("/arguments/request/url").text()).c_str());
    return HAFT_OK;
  });
  haft::session session(url ? url : "", options);

  // A body that a function gives while it is sent.
  std::string text = "a body of some length";
  std::size_t sent = 0;
  haft::args body;
  body.reader("data", [&](void *buffer, std::size_t size) -> std::int64_t {
    if (buffer == nullptr) return sent = 0; // back to the start
    std::size_t count = std::min(size, text.size() - sent);
    std::memcpy(buffer, text.data() + sent, count);
    sent += count;
    return static_cast<std::int64_t>(count);
  });
  haft::response answer = session.request("POST", "/post", body);
  std::cout << "the server read: " << answer.value()["data"].text() << '\n';
  bool right = answer.value()["data"].text() == text;

  answer = session.request("GET", "http://mock.test/from-a-lambda");
  std::cout << "the mock said: " << answer.body() << '\n';
  right = right && answer.body() == "http://mock.test/from-a-lambda";

  // A failure throws, with the answer inside.
  try {
    session.request("GET", "/status/418");
    right = false;
  } catch (const haft::error &failure) {
    std::cout << failure.what() << '\n';
    right = right && failure.code() == "http_status" && haft_response_status(failure.failed_response()) == 418;
  }

  // A submitted request; its answer comes to a function, on the session's worker thread.
  std::promise<int> status;
  session.subscribe("haft.response", [&](haft::event event) { status.set_value(event.take_response().status()); });
  session.submit("GET", "/get");
  int submitted = status.get_future().get();
  std::cout << "submitted: " << submitted << '\n';

  session.close();
  return right && submitted == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception &failure) {
  std::cerr << failure.what() << '\n';
  return EXIT_FAILURE;
}
