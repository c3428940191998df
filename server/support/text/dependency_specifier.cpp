#include "support/text/dependency_specifier.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "support/text/escaped.hpp"
#include "support/text/quoted.hpp"
#include "support/text/shortened.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

constexpr std::string_view kSpecifierBlank = " \t\r";
constexpr int kMaxMarkerDepth = 32;

std::string_view after_blanks(std::string_view text) { return left_trimmed(text, kSpecifierBlank); }

std::string shown_specifier(std::string_view text) { return quoted(text, 60); }

// Removes extras such as "[security, socks]" from the front. Returns the problem; empty: the form is correct.
std::string take_extras(std::string_view& rest) {
  if (!rest.starts_with('[')) return {};
  const auto end = rest.find(']');
  if (end == std::string_view::npos) return "has no ] after its extras";
  auto names = trimmed(rest.substr(1, end - 1), kSpecifierBlank);
  rest = after_blanks(rest.substr(end + 1));
  while (!names.empty()) {
    const auto comma = std::min(names.find(','), names.size());
    const auto name = trimmed(names.substr(0, comma), kSpecifierBlank);
    const bool plain = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
    if (!plain) return "has an extra that is not a name: " + shown_specifier(name);
    names = after_blanks(names.substr(std::min(comma + 1, names.size())));
  }
  return {};
}

// The problem of one specifier such as ">=2" or "== 1.*". Empty: it is correct. (PEP 440; "===" compares any text)
std::string version_problem(std::string_view specifier) {
  constexpr std::array<std::string_view, 8> kOperators{"===", "==", ">=", "<=", "!=", "~=", "<", ">"};
  const auto found = std::ranges::find_if(kOperators, [&](auto each) { return specifier.starts_with(each); });
  if (found == kOperators.end()) return "has a version specifier without ==, >=, <= or the like: ";
  const auto version = trimmed(specifier.substr(found->size()), kSpecifierBlank);
  if (version.empty()) return "has no version after ";
  const bool plain = std::ranges::all_of(version, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view(".*+!-_").contains(static_cast<char>(c));
  });
  return plain || *found == "===" ? "" : "has a version that is not valid: ";
}

// The problem of specifiers such as ">=2,<4", or the same in parentheses. Empty: they are correct.
std::string versions_problem(std::string_view versions) {
  if (versions.starts_with('(')) {
    if (!versions.ends_with(')')) return "has no ) after its versions";
    versions = trimmed(versions.substr(1, versions.size() - 2), kSpecifierBlank);
  }
  bool first = true;
  while (!versions.empty()) {
    const auto comma = std::min(versions.find(','), versions.size());
    const auto one = trimmed(versions.substr(0, comma), kSpecifierBlank);
    if (one.empty()) return first ? "begins its versions with a comma" : "has two commas between its versions";
    if (const auto problem = version_problem(one); !problem.empty()) return problem + shown_specifier(one);
    versions = after_blanks(versions.substr(std::min(comma + 1, versions.size())));
    first = false;
  }
  return {};
}

// A recursive-descent parser of the marker grammar of PEP 508. Each function returns false if the text does not
// match.
class Marker {
 public:
  explicit Marker(std::string_view text) : rest_(after_blanks(text)) {}
  bool is_valid() { return alternatives(0) && rest_.empty(); }

 private:
  bool alternatives(int depth) {
    do {
      if (!conditions(depth)) return false;
    } while (take_word("or"));
    return true;
  }
  bool conditions(int depth) {
    do {
      if (!condition(depth)) return false;
    } while (take_word("and"));
    return true;
  }
  bool condition(int depth) {
    if (depth == kMaxMarkerDepth) return false;
    if (!take("(")) return operand() && comparison() && operand();
    return alternatives(depth + 1) && take(")");
  }
  bool comparison() {
    for (const std::string_view each : {"===", "==", "<=", ">=", "!=", "~=", "<", ">"})
      if (take(each)) return true;
    if (take_word("not")) return take_word("in");
    return take_word("in");
  }
  bool operand() {
    if (rest_.starts_with('"') || rest_.starts_with('\'')) {
      const auto end = rest_.find(rest_.front(), 1);
      if (end == std::string_view::npos) return false;
      rest_ = after_blanks(rest_.substr(end + 1));
      return true;
    }
    constexpr std::array<std::string_view, 16> kVariables{"python_version",
                                                          "python_full_version",
                                                          "python_implementation",
                                                          "platform_python_implementation",
                                                          "os_name",
                                                          "os.name",
                                                          "sys_platform",
                                                          "sys.platform",
                                                          "platform_release",
                                                          "platform_system",
                                                          "platform_version",
                                                          "platform.version",
                                                          "platform_machine",
                                                          "platform.machine",
                                                          "implementation_name",
                                                          "implementation_version"};
    const auto end = std::min(rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyz_."), rest_.size());
    const auto name = rest_.substr(0, end);
    const bool known = name == "extra" || name == "extras" || name == "dependency_groups" ||
                       std::ranges::find(kVariables, name) != kVariables.end();
    if (known) rest_ = after_blanks(rest_.substr(end));
    return known;
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_ = after_blanks(rest_.substr(text.size()));
    return true;
  }
  bool take_word(std::string_view word) {
    const bool ends = rest_.size() == word.size() ||
                      (rest_.size() > word.size() && std::isalnum(static_cast<unsigned char>(rest_[word.size()])) == 0);
    return ends && take(word);
  }

  std::string_view rest_;
};

}  // namespace

std::string specifier_problem(std::string_view rest) {
  rest = trimmed(rest, kSpecifierBlank);
  if (auto problem = take_extras(rest); !problem.empty()) return problem;
  // An address may contain a semicolon. So the semicolon before a marker must follow a blank there.
  auto marker = rest.starts_with('@') ? std::min(rest.find(" ;"), rest.find("\t;")) : rest.find(';');
  if (rest.starts_with('@') && marker != std::string_view::npos) ++marker;
  if (!rest.starts_with('@'))
    if (auto problem = versions_problem(trimmed(rest.substr(0, marker), kSpecifierBlank)); !problem.empty())
      return problem;
  if (marker != std::string_view::npos && !Marker(rest.substr(marker + 1)).is_valid())
    return "has a marker (after \";\") that is not valid: " +
           shown_specifier(trimmed(rest.substr(marker + 1), kSpecifierBlank));
  return {};
}

}  // namespace dind
