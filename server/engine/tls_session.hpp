// TLS without I/O: encrypted bytes on one side, plain bytes on the other. It exists because asio::ssl::stream cannot
// close one direction (close_notify, RFC 8446 section 6.1) while the other one goes on.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "engine/endpoint.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace dind::engine {

class TlsSession {
 public:
  // A client's session before its handshake. Verifies `host` unless tls.verify is off. The error is a short reason.
  static std::expected<std::unique_ptr<TlsSession>, std::string> create(const Tls& tls, const std::string& host);
  ~TlsSession();

  void feed(std::string_view encrypted);
  std::string take_output();  // the bytes to send now

  // True: done. False: call feed() with more bytes first. Send the output after each call.
  std::expected<bool, std::string> handshake();
  // The number of bytes read; 0: the peer has closed its direction. nullopt: call feed() with more bytes first.
  std::expected<std::optional<std::size_t>, std::string> read(std::span<char> buffer);
  std::expected<void, std::string> write(std::string_view plain);
  void close_write();

 private:
  TlsSession(ssl_ctx_st* context, ssl_st* ssl);
  ssl_ctx_st* context_;
  ssl_st* ssl_;
};

}  // namespace dind::engine
