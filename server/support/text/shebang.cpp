#include "support/text/shebang.hpp"

#include <algorithm>
#include <utility>

#include "support/text/source_text.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

constexpr std::string_view kShebangBlank = " \t";
constexpr std::string_view kEnvBlank = " \t\n\v\f\r";

bool is_assignment(std::string_view word) { return word.contains('=') && !word.starts_with('='); }

// The words of `env -S TEXT`, with the quotes, escapes and comments of GNU env. nullopt: it uses a variable or is
// malformed.
std::optional<std::vector<std::string>> split_env_text(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  const auto end_word = [&] {
    if (in_word) words.push_back(std::exchange(word, {}));
    in_word = false;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote == '\'') {
      // In single quotes, a backslash escapes only itself and the quote.
      const bool escape = c == '\\' && at + 1 < text.size() && (text[at + 1] == '\\' || text[at + 1] == '\'');
      if (c == '\'')
        quote = 0;
      else
        word += escape ? text[++at] : c;
    } else if (c == '\\') {
      if (++at == text.size()) return std::nullopt;
      constexpr std::string_view kNames = "fnrtv#$\\\"'";
      constexpr std::string_view kValues = "\f\n\r\t\v#$\\\"'";
      if (const auto known = kNames.find(text[at]); known != std::string_view::npos) {
        word += kValues[known];
        in_word = true;
      } else if (text[at] == '_' && quote == 0) {
        end_word();
      } else if (text[at] == '_') {
        word += ' ';
      } else if (text[at] == 'c' && quote == 0) {
        break;
      } else {
        return std::nullopt;
      }
    } else if (c == '$') {
      return std::nullopt;
    } else if (quote == '"') {
      if (c == '"')
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (kEnvBlank.contains(c)) {
      end_word();
    } else if (c == '#' && !in_word) {
      break;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return std::nullopt;
  end_word();
  return words;
}

// The text that `argument` gives to `env -S`, and the options before -S in the same word. nullopt: there is no -S.
struct SplitText {
  std::string_view text;
  std::vector<std::string> options;
};
std::optional<SplitText> text_to_split(std::string_view argument) {
  constexpr std::string_view kLong = "--split-string=";
  if (argument.starts_with(kLong)) return SplitText{argument.substr(kLong.size()), {}};
  if (!argument.starts_with('-')) return std::nullopt;
  SplitText split;
  for (std::size_t at = 1; at < argument.size(); ++at) {
    if (argument[at] == 'S') {
      split.text = argument.substr(at + 1);
      return split;
    }
    if (argument[at] == 'i') split.options.emplace_back("-i");
    if (argument[at] != 'i' && argument[at] != 'v') return std::nullopt;
  }
  return std::nullopt;
}

// Splits the words that `env` gets: its own, the interpreter, and the interpreter's arguments.
void take_env_words(const std::vector<std::string>& words, Shebang& line) {
  auto at = words.begin();
  for (; at != words.end() && at->starts_with('-') && *at != "--"; ++at) {
    const bool has_value = *at == "-u" || *at == "-C" || *at == "--unset" || *at == "--chdir";
    if (at->starts_with("-S") || at->starts_with("--split-string")) {
      line.verbatim = true;
      return;
    }
    line.env.push_back(*at);
    if (has_value && at + 1 != words.end()) line.env.push_back(*++at);
  }
  if (at != words.end() && *at == "--") ++at;
  for (; at != words.end() && is_assignment(*at); ++at) line.env.push_back(*at);
  if (at == words.end()) return;
  line.interpreter = *at;
  line.arguments.assign(at + 1, words.end());
}

// The interpreter that the author probably meant, if Linux passes the words to `env` in another way.
std::string likely_interpreter(std::string_view argument) {
  for (std::size_t at = 0; at < argument.size();) {
    const auto begin = argument.find_first_not_of(kShebangBlank, at);
    if (begin == std::string_view::npos) break;
    const auto end = std::min(argument.find_first_of(kShebangBlank, begin), argument.size());
    auto word = argument.substr(begin, end - begin);
    at = end;
    if (word.starts_with("-S")) word.remove_prefix(2);
    if (!word.empty() && !word.starts_with('-') && !is_assignment(word)) return std::string(word);
  }
  return {};
}

void read_env(Shebang& line) {
  if (const auto split = text_to_split(line.argument)) {
    line.env = split->options;
    if (const auto words = split_env_text(split->text))
      take_env_words(*words, line);
    else
      line.verbatim = true;
    if (line.verbatim) line.interpreter = likely_interpreter(split->text);
  } else if (line.argument.find_first_of(kShebangBlank) == std::string::npos && !line.argument.starts_with('-') &&
             !is_assignment(line.argument)) {
    line.interpreter = line.argument;
  } else {
    line.interpreter = likely_interpreter(line.argument);
    line.problem = "Linux passes \"" + line.argument + "\" to env as one word, and no program has that name: write " +
                   line.path + " -S";
  }
}

}  // namespace

std::string_view Shebang::name() const {
  return std::string_view(interpreter).substr(interpreter.find_last_of("/\\") + 1);
}

std::optional<Shebang> parse_shebang(std::string_view text) {
  text = without_byte_order_mark(text);
  if (!text.starts_with("#!")) return std::nullopt;
  constexpr std::size_t kMaxLength = 4096;
  auto whole = text.substr(2, std::min(text.find('\n'), kMaxLength) - 2);
  if (whole.ends_with('\r')) whole.remove_suffix(1);
  whole = trimmed(whole);
  const auto end = std::min(whole.find_first_of(kShebangBlank), whole.size());
  Shebang line;
  line.path = whole.substr(0, end);
  line.argument = trimmed(whole.substr(end));
  if (line.path.substr(line.path.find_last_of("/\\") + 1) == "env") {
    read_env(line);
    return line;
  }
  line.interpreter = line.path;
  if (!line.argument.empty()) line.arguments.push_back(line.argument);
  // "-e -u": the interpreter gets one word that contains a blank. Most interpreters refuse it, and a shell refuses any
  // blank there. Others may take "-W ignore" as one option with its value.
  const auto name = line.name();
  const bool shell =
      name == "sh" || name == "bash" || name == "dash" || name == "ash" || name == "ksh" || name == "zsh";
  if (line.argument.starts_with('-') &&
      (line.argument.contains(" -") || (shell && line.argument.find_first_of(kShebangBlank) != std::string::npos)))
    line.problem = "Linux passes \"" + line.argument + "\" to " + line.path +
                   " as one argument: write the options as one word, or use env -S";
  return line;
}

}  // namespace dind
