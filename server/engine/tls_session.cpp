#include "engine/tls_session.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>

namespace dind::engine {
namespace {

std::unexpected<std::string> tls_error(const std::string& doing, SSL* ssl = nullptr) {
  std::string reason;
  if (ssl != nullptr)
    if (const long verified = SSL_get_verify_result(ssl); verified != X509_V_OK)
      reason = X509_verify_cert_error_string(verified);
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (reason.empty() && code != 0) {
    const char* text = ERR_reason_error_string(code);
    reason = text != nullptr ? text : "error " + std::to_string(code);
  }
  return std::unexpected(doing + (reason.empty() ? "" : ": " + reason));
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> binary{};
  return inet_pton(AF_INET, host.c_str(), binary.data()) == 1 || inet_pton(AF_INET6, host.c_str(), binary.data()) == 1;
}

}  // namespace

std::expected<std::unique_ptr<TlsSession>, std::string> TlsSession::create(const Tls& tls, const std::string& host) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return tls_error("can't be set up");
  std::unique_ptr<TlsSession> session(new TlsSession(context, nullptr));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // Engines older than Docker 20.10 end without close_notify. The frames of the attach stream show whether it is
  // complete.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!tls.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr) != 1)
      return tls_error(tls.ca_file + " can't be read as a certificate");
  } else {
    SSL_CTX_set_default_verify_paths(context);
  }
  if (!tls.cert_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, tls.cert_file.c_str()) != 1)
      return tls_error(tls.cert_file + " can't be read as a certificate");
    if (SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
      return tls_error(tls.key_file + " can't be read as a key");
    if (SSL_CTX_check_private_key(context) != 1) return tls_error(tls.key_file + " is not the key of " + tls.cert_file);
  }
  SSL* ssl = SSL_new(context);
  if (ssl == nullptr) return tls_error("can't be set up");
  session->ssl_ = ssl;
  BIO* input = BIO_new(BIO_s_mem());
  BIO* output = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, input, output);  // owns both
  if (input == nullptr || output == nullptr) return tls_error("can't be set up");
  BIO_set_mem_eof_return(input, -1);  // empty means "not yet", not the end
  BIO_set_mem_eof_return(output, -1);
  if (is_address(host)) {
    if (tls.verify && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1)
      return tls_error("can't be set up");
  } else {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    if (tls.verify && SSL_set1_host(ssl, host.c_str()) != 1) return tls_error("can't be set up");
  }
  SSL_set_connect_state(ssl);
  return session;
}

TlsSession::TlsSession(ssl_ctx_st* context, ssl_st* ssl) : context_(context), ssl_(ssl) {}
TlsSession::~TlsSession() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

void TlsSession::feed(std::string_view encrypted) {
  // A memory BIO takes everything. The input is a socket's buffer, far smaller than INT_MAX.
  BIO_write(SSL_get_rbio(ssl_), encrypted.data(), static_cast<int>(encrypted.size()));
}

std::string TlsSession::take_output() {
  BIO* output = SSL_get_wbio(ssl_);
  std::string bytes(BIO_ctrl_pending(output), '\0');
  const int size = bytes.empty() ? 0 : BIO_read(output, bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max(size, 0)));
  return bytes;
}

std::expected<bool, std::string> TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return true;
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return false;
  return tls_error("the handshake failed", ssl_);
}

std::expected<std::optional<std::size_t>, std::string> TlsSession::read(std::span<char> buffer) {
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &size);
  if (result == 1) return size;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return std::nullopt;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      return tls_error("a record can't be read");  // in TLS 1.3 the refusal of a client certificate arrives here
  }
}

std::expected<void, std::string> TlsSession::write(std::string_view plain) {
  ERR_clear_error();
  std::size_t written = 0;
  // A memory BIO never asks to wait.
  if (!plain.empty() && (SSL_write_ex(ssl_, plain.data(), plain.size(), &written) != 1 || written != plain.size()))
    return tls_error("a record can't be written");
  return {};
}

void TlsSession::close_write() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace dind::engine
