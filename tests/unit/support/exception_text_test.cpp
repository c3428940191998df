#include "support/exception_text.hpp"

#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

namespace exception_text_test {

using namespace dind;

TEST_CASE("An exception from an exhausted resource names the ulimit, and any other is a bug in dind-executor") {
  using std::generic_category;
  CHECK(exception_text(std::system_error(EMFILE, generic_category())).contains("ulimit -n"));
  CHECK(exception_text(boost::system::system_error(EMFILE, boost::system::system_category())).contains("ulimit -n"));
  CHECK(exception_text(std::system_error(EAGAIN, generic_category())).contains("ulimit -u"));
  CHECK(exception_text(std::bad_alloc()).contains("ulimit -v"));
  CHECK(exception_text(std::runtime_error("x")) == "a bug in dind-executor: x");
  CHECK(exception_text(std::system_error(EIO, generic_category())).starts_with("a bug in dind-executor"));
}

}  // namespace exception_text_test
