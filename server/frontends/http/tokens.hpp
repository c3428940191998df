// Bearer tokens: where they come from, and whether a caller has one.
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

// Which one a caller has tells callers apart.
class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(const std::vector<Token>& tokens);
  bool empty() const { return entries_.empty(); }
  // Whose it is; nullopt: nobody's. The name follows from the token alone, not from its place in a file. Takes as long
  // for a wrong one as for a right one.
  std::optional<Caller> find(std::string_view presented) const;

 private:
  struct Entry {
    std::string digest;
    Caller caller;
  };
  std::vector<Entry> entries_;
};

// One token a line, with the word `operator` after it where its bearer is one; empty lines and lines that begin with #
// are none. Errors (invalid_request) name `source` and never a token.
Result<std::vector<Token>> parse_tokens(std::string_view text, const std::string& source);
Result<std::vector<Token>> read_token_file(const std::string& path);

// A random token in a new file with mode 0600, its folder with 0700.
struct MadeToken {
  std::string token;
  std::string path;
};
Result<MadeToken> make_token_file(const std::string& folder, std::uint16_t port);

}  // namespace dind::frontends::http
