// The address where the HTTP frontend listens: "127.0.0.1:8000", "[::1]:8000", "localhost:8000". Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dind/error.hpp"

namespace dind::frontends::http {

struct ListenAddress {
  std::string address;     // an IP address, without brackets
  std::uint16_t port = 0;  // 0: any free port
  bool loopback = false;   // only this machine can reach it
};

// Errors (invalid_request) say which addresses are accepted.
Result<ListenAddress> parse_listen_address(std::string_view text);

// "http://127.0.0.1:8000"
std::string url_of(const ListenAddress& address);

}  // namespace dind::frontends::http
