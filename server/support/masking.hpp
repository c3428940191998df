// Secrets that no record and no log may contain: values of secret variables, and credentials in any text.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

inline constexpr std::string_view kWithheld = "•••";  // replaces a secret

// Which variables hold secrets, and their values, so that they can be removed from everything that is stored. A value
// is a secret because of its variable's name (KEY, TOKEN, SECRET, PASS, CREDENTIAL, AUTH, PRIVATE) or its own form.
class SecretMask {
 public:
  explicit SecretMask(const std::map<std::string, std::string>& env);
  const std::set<std::string, std::less<>>& names() const { return names_; }
  // The values that are masked in texts, longest first. Only values of at least six bytes: "1" occurs everywhere.
  const std::vector<std::string>& values() const { return values_; }
  // The time grows with the number of values times the size of the text.
  std::string masked(std::string_view text) const;
  // Whether the values are few and short enough to mask them in a program and its output (S05).
  bool few() const { return values_.size() <= kFewValues && bytes_ <= kFewBytes; }

 private:
  static constexpr std::size_t kFewValues = 50;
  static constexpr std::size_t kFewBytes = 64U << 10;

  std::set<std::string, std::less<>> names_;
  std::vector<std::string> values_;
  std::size_t bytes_ = 0;  // of the values
};

// Masks the secrets in a text that arrives in pieces, also a secret that is split between two pieces.
class MaskedStream {
 public:
  explicit MaskedStream(const SecretMask& secrets) : secrets_(secrets) {}  // `secrets` must outlive this object
  // The part of the text that can be passed on now. A possible beginning of a secret is kept back until more bytes
  // arrive.
  std::string add(std::string_view bytes);
  std::string rest();  // call it at the end

 private:
  void look(std::size_t value, std::size_t from);

  const SecretMask& secrets_;
  std::string pending_;
  std::vector<std::size_t> next_;  // first position of each value in `pending_`; npos: not in the bytes searched so far
  std::size_t looked_ = 0;         // bytes of `pending_` that were searched for every value
};

bool looks_secret(std::string_view name, std::string_view value);

// `text` without secrets that are known by their form:
// - user and password in a URL;
// - the value after `Authorization:` or `X-Registry-Auth:`, to the end of the line or the quote;
// - known forms of tokens, and private keys.
std::string without_credentials(std::string_view text);

}  // namespace dind
