#include "frontends/http/request_log.hpp"

#include <algorithm>

#include "support/log/log.hpp"
#include "support/text/shortened.hpp"

namespace dind::frontends::http {

using namespace std::chrono_literals;

std::string request_line(const LoggedRequest& request) {
  constexpr std::size_t kMaxLength = 200;
  std::string line = request.peer + ' ' + shortened(request.method, 20) + ' ' + shortened(request.path, kMaxLength) +
                     ' ' + std::to_string(request.status) + ", " + std::to_string(request.took.count()) + " ms";
  if (!request.client.empty()) line += ", client " + request.client;
  return line;
}

void RequestLog::answered(const LoggedRequest& request) {
  const bool refused = request.status == 401 || request.status == 403;
  if (!refused) {
    if (access_) log(LogLevel::info, "HTTP: " + request_line(request));
    return;
  }
  const auto seconds = static_cast<std::uint64_t>((Clock::now() - refilled_) / 1s);
  if (seconds > 0) {
    left_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(kBurst, left_ + seconds));
    refilled_ = Clock::now();
  }
  if (left_ == 0) {
    ++unsaid_;
    return;
  }
  --left_;
  std::string line = "HTTP request refused: " + request_line(request);
  if (unsaid_ > 0) line += "; " + std::to_string(unsaid_) + " more were refused before it and not logged";
  unsaid_ = 0;
  log(LogLevel::warning, line);
}

}  // namespace dind::frontends::http
