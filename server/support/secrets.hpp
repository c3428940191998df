// What must be in no record and in no log: the values of variables that hold secrets, and credentials in any text.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

inline constexpr std::string_view kWithheld = "•••";  // stands for a secret

// Which variables hold secrets, and their values, so that they can be taken out of all that is kept. A value is a
// secret by its variable's name (KEY, TOKEN, SECRET, PASS, CREDENTIAL, AUTH, PRIVATE) or by its own form.
class Secrets {
 public:
  explicit Secrets(const std::map<std::string, std::string>& env);
  const std::set<std::string, std::less<>>& names() const { return names_; }
  // The values that are taken out of texts, longest first: those of six bytes and more, since "1" is everywhere.
  const std::vector<std::string>& values() const { return values_; }
  // The time grows with the size of the text and, for each value, with the text again.
  std::string masked(std::string_view text) const;
  // Whether the values are so few and so short that they can be taken out of a program and its output (S05).
  bool few() const { return values_.size() <= kFewValues && bytes_ <= kFewBytes; }

 private:
  static constexpr std::size_t kFewValues = 50;
  static constexpr std::size_t kFewBytes = 64U << 10;

  std::set<std::string, std::less<>> names_;
  std::vector<std::string> values_;
  std::size_t bytes_ = 0;  // of the values
};

// A text that comes in pieces, without the secrets, also where one lies across two of them.
class MaskedStream {
 public:
  explicit MaskedStream(const Secrets& secrets) : secrets_(secrets) {}  // which must live longer
  // What of the text so far may be told: the beginning of a secret waits for what follows.
  std::string add(std::string_view bytes);
  std::string rest();  // at the end

 private:
  void look(std::size_t value, std::size_t from);

  const Secrets& secrets_;
  std::string pending_;
  std::vector<std::size_t> next_;  // where each value is in `pending_` first; npos: nowhere in what was looked at
  std::size_t looked_ = 0;         // bytes of `pending_` in which every value was looked for
};

bool looks_secret(std::string_view name, std::string_view value);

// `text` without what is a secret by its form alone: the user and password of a URL, what follows `Authorization:` and
// `X-Registry-Auth:` (to the end of the line or the quote), known tokens, private keys.
std::string without_credentials(std::string_view text);

}  // namespace dind
