// Only includes the wrapper, twice.
#include "haft.hpp"
#include "haft.hpp"

static_assert(!std::is_copy_constructible<haft::response>::value, "a response has one owner");
static_assert(std::is_copy_constructible<haft::session>::value, "a session is counted");
