#include "languages/python_tools.hpp"

#include <catch2/catch_test_macros.hpp>

namespace python_tools_test {

using namespace dind::languages;

TEST_CASE("A module whose package has another name gets that name, any other its own") {
  CHECK(python_package("cv2") == "opencv-python-headless");
  CHECK(python_package("PIL") == "pillow");
  CHECK(python_package("zmq") == "pyzmq");
  CHECK(python_package("requests") == "requests");
  CHECK(python_package("").empty());
}

TEST_CASE("Only tools that a package of Python brings are Python's") {
  CHECK(is_python_tool("pytest"));
  CHECK_FALSE(is_python_tool("npm"));
  CHECK_FALSE(is_python_tool(""));
}

}  // namespace python_tools_test
