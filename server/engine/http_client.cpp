#include "engine/http_client.hpp"

#include <curl/curl.h>

#include "engine/transfer.hpp"
#include "support/clock.hpp"

namespace dind::engine {

HttpClient::HttpClient(const asio::any_io_executor& executor, Endpoint endpoint)
    : executor_(executor), endpoint_(std::move(endpoint)), loop_(CurlLoop::create(executor)) {}
HttpClient::~HttpClient() = default;

Task<Result<HttpReply>> HttpClient::request(HttpRequest request) {
  const auto clock_offset = clock_offset_;  // the HttpClient may be destroyed by then
  Transfer transfer(loop_, endpoint_, std::move(request));
  co_await transfer.finish();
  auto reply = transfer.result();
  if (reply)
    if (const auto date = reply->headers.find("date"); date != reply->headers.end())
      if (const auto told = curl_getdate(date->second.c_str(), nullptr); told > 0)
        *clock_offset = static_cast<std::int64_t>(told) - unix_now();
  co_return reply;
}

}  // namespace dind::engine
