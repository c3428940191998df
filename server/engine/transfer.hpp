// One request and its reply, sent with libcurl. Private to the HTTP client.
#pragma once

#include <curl/curl.h>
#include <sys/types.h>

#include <array>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "engine/curl_loop.hpp"
#include "engine/endpoint.hpp"
#include "engine/http_client.hpp"

namespace dind::engine {

// curl writes into it, so it never moves.
class Transfer {
 public:
  Transfer(std::shared_ptr<CurlLoop> loop, const Endpoint& endpoint, HttpRequest request);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sends the request and receives the reply, until its end, its deadline or its cancel.
  Task<void> finish();
  // Call it once, after `finish`. Rethrows what the request's callbacks threw.
  Result<HttpReply> result();

 private:
  template <typename T>
  void set(CURLoption option, T value);
  void add_header(const std::string& line);
  void set_connection();
  void set_tls(const Tls& tls);
  void set_body();
  void set_body_file();
  void set_callbacks();

  static std::size_t on_read(char* data, std::size_t, std::size_t size, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_write(char* data, std::size_t, std::size_t size, void* self);
  void send_more();
  bool take_header(std::string_view line);
  void refuse_if_early();
  bool take_body(std::string_view bytes);
  long status() const;  // 0: there is no reply yet
  Error failure() const;

  std::shared_ptr<CurlLoop> loop_;
  const Endpoint endpoint_;
  HttpRequest request_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  Deadline until_;
  asio::steady_timer wake_;
  Cancel::Subscription subscription_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  HttpReply reply_;
  std::size_t header_bytes_ = 0;
  off_t sent_ = 0;      // bytes of the body file
  bool waits_ = false;  // curl waits for more bytes of the body file
  bool refused_ = false;
  std::shared_ptr<char> here_ = std::make_shared<char>();
  CURLcode code_ = CURLE_OK;
  bool head_is_whole_ = false;
  bool finished_ = false;
  bool stopped_ = false;
  bool too_large_ = false;
  std::exception_ptr escaped_;
};

}  // namespace dind::engine
