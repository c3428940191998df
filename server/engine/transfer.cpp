#include "engine/transfer.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <new>
#include <stdexcept>

#include "engine/body_file.hpp"
#include "engine/status.hpp"
#include "engine/text.hpp"
#include "support/io/descriptors.hpp"
#include "support/text/lower.hpp"
#include "support/text/trimmed.hpp"

namespace dind::engine {
namespace {

constexpr std::size_t kHeaderLimit = 256 << 10;
constexpr std::chrono::milliseconds kRefusalTime{200};

}  // namespace

Transfer::Transfer(std::shared_ptr<CurlLoop> loop, const Endpoint& endpoint, HttpRequest request)
    : loop_(std::move(loop)),
      endpoint_(endpoint),
      request_(std::move(request)),
      easy_(curl_easy_init()),
      until_(request_.deadline),
      wake_(loop_->executor()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_connection();
  set_body();
  set_callbacks();
}

Transfer::~Transfer() {
  subscription_.reset();
  if (request_.body_file) request_.body_file->on_change({});
  loop_->remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

Task<void> Transfer::finish() {
  if (const auto& body = request_.body_file)
    body->on_change([this, executor = loop_->executor(), here = std::weak_ptr(here_)] {
      asio::post(executor, [this, here] {
        if (!here.expired()) send_more();
      });
    });
  loop_->add(easy_, [this](CURLcode code) {
    code_ = code;
    finished_ = true;
    wake_.cancel();
  });
  // The callback may run inside a callback of curl. So it only wakes the coroutine, which then removes the transfer.
  subscription_ = request_.cancel.on_cancel([this] { wake_.cancel(); });
  while (!finished_ && !request_.cancel.cancelled() && Clock::now() < until_) {
    boost::system::error_code ignored;
    wake_.expires_at(until_);
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  subscription_.reset();
}

Result<HttpReply> Transfer::result() {
  if (escaped_) std::rethrow_exception(escaped_);
  reply_.status = static_cast<int>(status());
  // Curl takes a head that breaks off after its first line for a whole reply.
  if (finished_ && code_ == CURLE_OK && !stopped_ && !head_is_whole_)
    return std::unexpected(connection_broke(endpoint_, request_.what));
  if (finished_ && (code_ == CURLE_OK || stopped_)) return std::move(reply_);
  // The refusal is the reply, whatever happened to the rest of the body.
  if (refused_ && !request_.cancel.cancelled()) return std::move(reply_);
  if (finished_) return std::unexpected(failure());
  if (const auto reason = request_.cancel.reason())
    return fail(ErrorCode::cancelled,
                "'" + request_.what + "' was cancelled (" + std::string(to_string(*reason)) + ").");
  if (Clock::now() < request_.deadline) return fail(ErrorCode::cancelled, "'" + request_.what + "' was given up.");
  return std::unexpected(
      no_answer(endpoint_, request_.what, reply_.status == 0 ? "no reply in time" : "its reply did not end in time"));
}

template <typename T>
void Transfer::set(CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(easy_, option, value); code != CURLE_OK)
    throw std::runtime_error("libcurl refuses option " + std::to_string(option) + ": " + curl_easy_strerror(code));
}

void Transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  headers_ = longer;
}

void Transfer::set_connection() {
  const bool tcp = endpoint_.kind == Endpoint::Kind::tcp;
  std::string url = "http://engine";
  if (tcp) {
    const bool ipv6 = endpoint_.host.contains(':');
    url = std::string(endpoint_.tls ? "https" : "http") + "://" + (ipv6 ? "[" + endpoint_.host + "]" : endpoint_.host) +
          ":" + endpoint_.port;
  } else {
    set(CURLOPT_UNIX_SOCKET_PATH, endpoint_.path.c_str());
  }
  url += request_.target;
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);         // a name server that does not answer does not delay us
  set(CURLOPT_DNS_CACHE_TIMEOUT, 1L);  // a service that starts again may have a new address
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, 10L);
  set(CURLOPT_TCP_KEEPINTVL, 5L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_USERAGENT, "dind-executor");
  if (endpoint_.tls) set_tls(*endpoint_.tls);
}

void Transfer::set_tls(const Tls& tls) {
  set(CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.ca_file.empty()) {
    set(CURLOPT_CAINFO, tls.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!tls.cert_file.empty()) {
    set(CURLOPT_SSLCERT, tls.cert_file.c_str());
    set(CURLOPT_SSLKEY, tls.key_file.c_str());
  }
}

void Transfer::set_body() {
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    if (request_.body_file) {
      set_body_file();
    } else {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(CURLOPT_POSTFIELDS, request_.body.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    add_header("Expect:");  // avoids a round trip before the body
    add_header(request_.content_type.empty() ? "Content-Type:" : "Content-Type: " + request_.content_type);
  }
  for (const auto& [name, value] : request_.headers) add_header(name + ": " + value);
  set(CURLOPT_HTTPHEADER, headers_);
}

void Transfer::set_body_file() {
  set(CURLOPT_POST, 1L);
  if (const auto length = request_.body_file->length(); length.whole)
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(length.bytes));
  else
    add_header("Transfer-Encoding: chunked");
  set(CURLOPT_READFUNCTION, &Transfer::on_read);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
  set(CURLOPT_SEEKDATA, this);
}

void Transfer::set_callbacks() {
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_write);
  set(CURLOPT_WRITEDATA, this);
}

std::size_t Transfer::on_read(char* data, std::size_t, std::size_t size, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  const auto length = transfer->request_.body_file->length();
  if (transfer->sent_ == length.bytes && !length.whole) {
    transfer->waits_ = true;
    return CURL_READFUNC_PAUSE;
  }
  const auto want = std::min<std::int64_t>(static_cast<std::int64_t>(size), length.bytes - transfer->sent_);
  const ssize_t count =
      ::pread(transfer->request_.body_file->fd, data, static_cast<std::size_t>(want), transfer->sent_);
  if (count < 0 || (count == 0 && want > 0)) return CURL_READFUNC_ABORT;
  transfer->sent_ += count;
  return static_cast<std::size_t>(count);
}

void Transfer::send_more() {
  if (finished_ || !std::exchange(waits_, false)) return;
  curl_easy_pause(easy_, CURLPAUSE_CONT);
}

int Transfer::on_seek(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(self)->sent_ = offset;
  return CURL_SEEKFUNC_OK;
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  return static_cast<Transfer*>(self)->take_header({data, size}) ? size : 0;
}

bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderLimit) {
    too_large_ = true;
    return false;
  }
  if (line == "\r\n") refuse_if_early();
  if (line.starts_with("HTTP/")) {  // after a 100 Continue or a retry, the final reply follows
    reply_.headers.clear();
    head_is_whole_ = false;
  }
  if (line == "\r\n" || line == "\n") head_is_whole_ = true;  // trailers may follow the body
  if (line == "\r\n" && request_.on_accepted && !request_.cancel.cancelled()) {
    if (status() >= 200 && status() < 300) request_.on_accepted();
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  reply_.headers[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1), " \t\r\n");
  return true;
}

// curl does not finish reading a refusal while the body is still growing. So the wait for the reply ends after
// kRefusalTime, in which the text of the refusal may arrive.
void Transfer::refuse_if_early() {
  if (status() < 300 || !request_.body_file || request_.body_file->length().whole) return;
  refused_ = true;
  until_ = std::min(until_, in(kRefusalTime));
  wake_.cancel();
}

std::size_t Transfer::on_write(char* data, std::size_t, std::size_t size, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return transfer->take_body({data, size}) ? size : 0;
  } catch (...) {  // no exception may pass through curl
    transfer->escaped_ = std::current_exception();
    return 0;
  }
}

bool Transfer::take_body(std::string_view bytes) {
  if (request_.cancel.cancelled()) return false;
  if (request_.on_body) {
    if (status() >= 200 && status() < 300) {
      stopped_ = !request_.on_body(bytes);
      return !stopped_;
    }
  }
  if (bytes.size() > request_.reply_limit - reply_.body.size()) {
    too_large_ = true;
    return false;
  }
  reply_.body.append(bytes);
  return true;
}

long Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

Error Transfer::failure() const {
  if (const auto reason = request_.cancel.reason())
    return {ErrorCode::cancelled, "'" + request_.what + "' was cancelled (" + std::string(to_string(*reason)) + ")."};
  if (too_large_)
    return bad_reply(endpoint_, request_.what,
                     "its reply is larger than " + std::to_string(request_.reply_limit) + " bytes");
  const std::string text = one_line(error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code_), 300);
  long error_number = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error_number);
  switch (code_) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return no_answer(endpoint_, request_.what, "the name " + endpoint_.host + " can't be resolved");
    case CURLE_COULDNT_CONNECT:
      if (error_number != 0) return no_connection(endpoint_, request_.what, static_cast<int>(error_number));
      if (no_descriptors_left()) return no_connection(endpoint_, request_.what, EMFILE);
      return no_answer(endpoint_, request_.what, text);
    case CURLE_OPERATION_TIMEDOUT:
      return no_answer(endpoint_, request_.what, "no reply to the connection attempt");
    case CURLE_GOT_NOTHING:
      return no_answer(endpoint_, request_.what, "it closed the connection without a reply");
    case CURLE_SEND_ERROR:
      return no_answer(endpoint_, request_.what, "the connection broke: " + text);
    case CURLE_PARTIAL_FILE:
      return connection_broke(endpoint_, request_.what);
    case CURLE_RECV_ERROR:
      if (header_bytes_ == 0)
        return no_answer(endpoint_, request_.what,
                         error_number == ECONNRESET ? "connection reset" : "the connection broke: " + text);
      return connection_broke(endpoint_, request_.what);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
      return bad_reply(endpoint_, request_.what, "its reply is not HTTP");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return no_tls(endpoint_, request_.what, text);
    default:
      return header_bytes_ == 0 ? no_answer(endpoint_, request_.what, text) : bad_reply(endpoint_, request_.what, text);
  }
}

}  // namespace dind::engine
