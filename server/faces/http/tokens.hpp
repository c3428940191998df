// Bearer tokens: where they come from, and whether a caller has one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"

namespace dind::faces::http {

// Each of them is as good as any other; which one a caller has tells callers apart.
class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(const std::vector<std::string>& tokens);
  bool empty() const { return digests_.empty(); }
  // Which one it is; nullopt: none. Takes as long for a wrong one as for a right one.
  std::optional<std::size_t> find(std::string_view presented) const;

 private:
  std::vector<std::string> digests_;
};

// One token a line; empty lines and lines that begin with # are none. Errors (invalid_request) name `source` and never
// a token.
Result<std::vector<std::string>> parse_tokens(std::string_view text, const std::string& source);
Result<std::vector<std::string>> read_token_file(const std::string& path);

// A random token in a new file with mode 0600, its folder with 0700.
struct MadeToken {
  std::string token;
  std::string path;
};
Result<MadeToken> make_token_file(const std::string& folder, std::uint16_t port);

}  // namespace dind::faces::http
