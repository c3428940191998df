#include "frontends/http/listen_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace dind::frontends::http {

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid_request,
                '"' + std::string(text) +
                    "\" is not an address to listen on: write an IP address and a port, such as 127.0.0.1:8000 or "
                    "[::1]:8000");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string host(text.substr(0, colon));
  const auto digits = text.substr(colon + 1);
  ListenAddress listen;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), listen.port);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return wrong();
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code not_one;
  const auto address = boost::asio::ip::make_address(host, not_one);
  if (not_one || address.is_v6() != bracketed) return wrong();
  listen.address = address.to_string();
  listen.loopback = address.is_loopback();
  return listen;
}

std::string url_of(const ListenAddress& address) {
  const bool v6 = address.address.contains(':');
  return "http://" + (v6 ? '[' + address.address + ']' : address.address) + ':' + std::to_string(address.port);
}

}  // namespace dind::frontends::http
