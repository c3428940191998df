// Bearer tokens: reads and creates them, and finds the caller of a token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "frontends/http/message.hpp"

namespace dind::frontends::http {

struct Token {
  std::string text;
  bool is_operator = false;
  bool operator==(const Token&) const = default;
};

// The set of valid tokens. A caller is identified by its token.
class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(const std::vector<Token>& tokens);
  bool empty() const { return entries_.empty(); }
  // The caller of a token. nullopt: no valid token. The client's name depends only on the token, not on its position in
  // a file. A wrong token takes as long as a right one.
  std::optional<Caller> find(std::string_view presented) const;

 private:
  struct Entry {
    std::string digest;
    Caller caller;
  };
  std::vector<Entry> entries_;
};

// Reads one token from each line. The word `operator` after a token makes its bearer an operator. Empty lines and lines
// that begin with # are ignored. Errors (invalid_request) name `source` and never a token.
Result<std::vector<Token>> parse_tokens(std::string_view text, const std::string& source);
Result<std::vector<Token>> read_token_file(const std::string& path);

// A random token in a new file with mode 0600, in a folder with mode 0700.
struct MadeToken {
  std::string token;
  std::string path;
};
Result<MadeToken> make_token_file(const std::string& folder, std::uint16_t port);

}  // namespace dind::frontends::http
