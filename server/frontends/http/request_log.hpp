// Logs requests: each one if the access log is on, and refused ones always.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/async/task.hpp"

namespace dind::frontends::http {

struct LoggedRequest {
  std::string peer;  // "127.0.0.1:4711"
  std::string method, path;
  std::string client;  // empty: no caller who may ask
  int status = 0;
  std::chrono::milliseconds took{0};
};

// "127.0.0.1:4711 GET /runs 401, 3 ms": one line. Text that the client chose is shortened.
std::string request_line(const LoggedRequest& request);

// Refusals (401, 403) are warnings. A flood of them is counted and not written. All others are
// info, if the access log is on.
class RequestLog {
 public:
  void set_access(bool wanted) { access_ = wanted; }
  void answered(const LoggedRequest& request);

 private:
  static constexpr std::uint32_t kBurst = 20;  // max refusals in a row; then one line a second
  bool access_ = false;
  std::uint32_t left_ = kBurst;
  std::uint64_t unsaid_ = 0;
  Deadline refilled_ = Clock::now();
};

}  // namespace dind::frontends::http
