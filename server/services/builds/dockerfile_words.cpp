#include "services/builds/dockerfile_words.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace dind {
namespace {

constexpr int kMaxBraceDepth = 32;            // of nested braces
constexpr std::size_t kMaxLength = 64 << 10;  // of a word, in bytes: variables made of variables can grow without limit

class Expander {
 public:
  Expander(std::string_view word, char escape, const Variables& variables)
      : word_(word), escape_(escape), variables_(variables) {}

  // Expands up to `stop` outside of quotes, or up to the end.
  Expanded take(std::optional<char> stop, int depth) {
    Expanded out;
    while (at_ < word_.size() && word_[at_] != stop) {
      const char c = word_[at_];
      if (c == '\'') {
        ++at_;
        while (at_ < word_.size() && word_[at_] != '\'') add(out, word_[at_++]);
        ++at_;
      } else if (c == '"') {
        quoted(out, depth);
      } else if (c == '$') {
        variable(out, depth);
      } else if (c == escape_) {
        if (++at_ < word_.size()) add(out, word_[at_++]);
      } else {
        add(out, c);
        ++at_;
      }
    }
    return out;
  }

 private:
  static void add(Expanded& out, char c) {
    if (out.certain) out.text += c;
  }
  static void add(Expanded& out, const Expanded& more) {
    if (out.lacks.empty()) out.lacks = more.lacks;
    if (!out.certain) return;
    out.text += more.text;
    out.certain = more.certain && out.text.size() <= kMaxLength;
  }

  void quoted(Expanded& out, int depth) {
    ++at_;
    while (at_ < word_.size() && word_[at_] != '"') {
      const char c = word_[at_];
      if (c == '$') {
        variable(out, depth);
        continue;
      }
      ++at_;
      if (c == escape_ && at_ < word_.size() && (word_[at_] == '"' || word_[at_] == '$' || word_[at_] == escape_))
        add(out, word_[at_++]);
      else
        add(out, c);
    }
    ++at_;
  }

  std::string name() {
    const auto begin = at_;
    while (at_ < word_.size() && (std::isalnum(static_cast<unsigned char>(word_[at_])) != 0 || word_[at_] == '_'))
      ++at_;
    return std::string(word_.substr(begin, at_ - begin));
  }

  void variable(Expanded& out, int depth) {
    ++at_;
    if (at_ >= word_.size() || depth == kMaxBraceDepth) return unknown(out);
    if (word_[at_] != '{') {
      const auto called = name();
      if (called.empty() || std::isdigit(static_cast<unsigned char>(called.front())) != 0) return unknown(out);
      const auto found = variables_(called);
      if (!found.known) return unknown(out);
      return add(out, {.text = found.value.value_or(""), .lacks = found.lacks});
    }
    ++at_;
    const auto called = name();
    if (called.empty() || at_ >= word_.size()) return unknown(out);
    const auto found = variables_(called);
    if (word_[at_] == '}') {
      ++at_;
      if (!found.known) return unknown(out);
      return add(out, {.text = found.value.value_or(""), .lacks = found.lacks});
    }
    const bool colon = word_[at_] == ':';
    if (colon) ++at_;
    if (at_ >= word_.size() || !std::string_view("-+?").contains(word_[at_])) return unknown(out);
    const char how = word_[at_++];
    const auto other = take('}', depth + 1);
    if (at_ >= word_.size()) return unknown(out);
    ++at_;
    if (!found.known) return unknown(out);
    const bool set = found.value && !(colon && found.value->empty());
    if (how == '+') return add(out, set ? other : Expanded{});
    if (set) return add(out, {.text = *found.value, .lacks = found.lacks});
    if (how == '?') return unknown(out);  // the builder fails here
    add(out, other);
  }

  static void unknown(Expanded& out) { out.certain = false; }

  std::string_view word_;
  char escape_;
  const Variables& variables_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> quoted_words(std::string_view line, char escape) {
  std::vector<std::string> all;
  std::string word;
  char quote = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && std::string_view(" \t\v\f\r").contains(c)) {
      if (!word.empty()) all.push_back(std::exchange(word, {}));
      continue;
    }
    word += c;
    if (c == quote)
      quote = 0;
    else if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == escape && quote != '\'' && at + 1 < line.size())
      word += line[++at];
  }
  if (!word.empty()) all.push_back(std::move(word));
  return all;
}

Expanded expanded(std::string_view word, char escape, const Variables& variables) {
  return Expander(word, escape, variables).take(std::nullopt, 0);
}

}  // namespace dind
