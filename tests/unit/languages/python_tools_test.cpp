#include "languages/python_tools.hpp"

#include <catch2/catch_test_macros.hpp>

namespace python_tools_test {

using namespace dind::languages;

TEST_CASE("A module has the package of its own name, except modules that are known to differ") {
  CHECK(python_package("cv2") == "opencv-python-headless");
  CHECK(python_package("PIL") == "pillow");
  CHECK(python_package("zmq") == "pyzmq");
  CHECK(python_package("requests") == "requests");
  CHECK(python_package("").empty());
}

TEST_CASE("Only tools that come with a Python package are Python tools") {
  CHECK(is_python_tool("pytest"));
  CHECK_FALSE(is_python_tool("npm"));
  CHECK_FALSE(is_python_tool(""));
}

}  // namespace python_tools_test
