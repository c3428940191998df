// Where the HTTP face listens: "127.0.0.1:8000", "[::1]:8000", "localhost:8000". Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dind/error.hpp"

namespace dind::frontends::http {

struct ListenAddress {
  std::string address;     // an IP address, without brackets
  std::uint16_t port = 0;  // 0: one that is free
  bool loopback = false;   // nobody but this machine reaches it
};

// Errors (invalid_request) say what is accepted.
Result<ListenAddress> parse_listen_address(std::string_view text);

// "http://127.0.0.1:8000"
std::string url_of(const ListenAddress& address);

}  // namespace dind::frontends::http
