#include "frontends/http/request_log.hpp"

#include <catch2/catch_test_macros.hpp>

namespace request_log_test {

using namespace dind::frontends::http;
using namespace std::chrono_literals;

TEST_CASE("A request is logged in one line, and a long method or path is shortened") {
  LoggedRequest request{
      .peer = "127.0.0.1:4711", .method = "GET", .path = "/runs", .client = "", .status = 401, .took = 3ms};
  CHECK(request_line(request) == "127.0.0.1:4711 GET /runs 401, 3 ms");
  request.client = "token:12ab";
  request.method = std::string(1000, 'M');
  request.path = '/' + std::string(1000, 'p');
  const auto line = request_line(request);
  CHECK(line.ends_with(" 401, 3 ms, client token:12ab"));
  CHECK(line.size() < 300);
}

}  // namespace request_log_test
