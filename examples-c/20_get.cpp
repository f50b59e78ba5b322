// 20_get: one GET in C++. Usage: 20_get [URL]
#include <haft.hpp>

#include <cstdlib>
#include <iostream>

int main(int argc, char **argv) try {
  const char *url = argc > 1 ? argv[1] : std::getenv("HAFT_DEMO_HTTP");
  haft::session session(url ? url : "");
  haft::response answer = session.request("GET", "/get", haft::args().set("params.greeting", "hello").set("timeout", 5));

  std::cout << answer.status() << ' ' << answer.meta()["reason"].text() << '\n'
            << answer.header("content-type").value_or("no type") << ", " << answer.body().size() << " bytes\n"
            << "greeting: " << answer.value().at("/args/greeting").text() << '\n';
  return answer.status() == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const haft::error &failure) {
  // `what` to show, `status` and `code` to branch on.
  std::cerr << failure.code() << ": " << failure.what() << '\n';
  return EXIT_FAILURE;
}
