// The C++ wrapper: owners free, failures throw, what functions throw stays outside.
#include "haft.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1); \
    } \
  } while (0)

int main() {
  auto args = haft::args()
                  .set("text", "a")
                  .set("string", std::string("b"))
                  .set("int", 7)
                  .set("double", 0.5)
                  .set("bool", true)
                  .set("null", nullptr)
                  .json("json", R"({"list": [1, 2, 3]})")
                  .bytes("bytes", std::string_view("x\0y", 3));
  args.series("points", {1000, 2000}, {0.5, 1.5});
  auto root = args.view();
  CHECK(root["text"].text() == "a" && root["string"].text() == "b");
  CHECK(root["int"].to_int() == 7 && root["double"].to_double() == 0.5 && root["bool"].to_bool());
  CHECK(root["null"] && root["null"].is_null() && !root["absent"]);
  CHECK(root.at("/json/list/2").to_int() == 3 && root["json"]["list"][1].to_int() == 2);
  CHECK(root["bytes"].bytes() == std::string_view("x\0y", 3));
  CHECK(root["points"].series().size == 2 && root["points"].series().times[1] == 2000);
  CHECK(root.item(0).first == "text" && root["json"].json().find("list") != std::string::npos);

  // Functions are let go with the arguments, also when they were refused.
  auto token = std::make_shared<int>(1);
  {
    haft::args with;
    with.reader("data", [token](void *, std::size_t) -> std::int64_t { throw 1; });
    with.provider("auth", [token](haft::value, haft_args *) -> haft_status { throw std::runtime_error("no"); });
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);

  try {
    haft::session session("http://localhost", haft::args().set("headers.A", "\xff"));
    CHECK(!"refused");
  } catch (const haft::error &thrown) {
    CHECK(thrown.status() == HAFT_E_ARGUMENT && thrown.code() == "argument" && !thrown.is_retryable());
    CHECK(std::string(thrown.what()).find("UTF-8") != std::string::npos);
  }
  return 0;
}
