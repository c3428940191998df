#include "services/builds/dockerfile.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "services/builds/dockerfile_words.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

constexpr std::string_view kBlank = " \t\v\f\r";

// The lines of a text, without their line ends.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text), all_(text.size()) {}
  bool more() const { return !rest_.empty(); }
  std::string_view next() {
    const auto end = std::min(rest_.find('\n'), rest_.size());
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return line;
  }
  std::size_t offset() const { return all_ - rest_.size(); }
  std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t all_;
  std::size_t number_ = 0;
};

// The name, in lower case, and the value of a directive line "# name = value". nullopt: the line is not a directive.
std::optional<std::pair<std::string, std::string>> directive(std::string_view line, std::string_view mark) {
  line = left_trimmed(line, kBlank);
  if (!line.starts_with(mark)) return std::nullopt;
  line = trimmed(line.substr(mark.size()), kBlank);
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto name = trimmed(line.substr(0, equals), kBlank);
  const auto value = trimmed(line.substr(equals + 1), kBlank);
  if (name.empty() || value.empty() || !std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0; }))
    return std::nullopt;
  return std::pair(lower(name), std::string(value));
}

struct Directives {
  std::string syntax;
  std::vector<char> escapes;  // each escape that a builder may use; the most likely one first
};

// Builders differ in where the directives end. So each directive before the first instruction counts.
Directives directives_of(std::string_view text) {
  Directives found;
  const auto add_escape = [&](char escape) {  // each only once, because the whole text is read again for each
    if (std::ranges::find(found.escapes, escape) == found.escapes.end()) found.escapes.push_back(escape);
  };
  Lines lines(text);
  while (lines.more()) {
    const auto line = left_trimmed(lines.next(), kBlank);
    if (line.empty()) continue;
    // Newer BuildKit frontends read "// syntax=" and {"syntax": …} too.
    const bool comment = line.starts_with('#');
    if (!comment && !line.starts_with("//") && !line.starts_with('{')) break;
    if (line.starts_with('{')) {
      const auto json = nlohmann::json::parse(text, nullptr, false);
      if (const auto at = json.find("syntax"); json.is_object() && at != json.end() && at->is_string())
        found.syntax = at->get<std::string>();
      break;
    }
    const auto each = directive(line, comment ? "#" : "//");
    if (!each) continue;
    if (each->first == "syntax" && found.syntax.empty()) found.syntax = each->second.substr(0, each->second.find(' '));
    if (each->first == "escape" && (each->second.front() == '`' || each->second.front() == '\\'))
      add_escape(each->second.front());
  }
  add_escape('\\');
  return found;
}

// Removes the escape at the end of a line. True: the line continues on the next line.
bool goes_on(std::string_view& line, char escape) {
  auto last = line.find_last_not_of(" \t");
  if (last == std::string_view::npos || line[last] != escape) return false;
  if (last > 0 && line[last - 1] == escape) return false;
  line = line.substr(0, last);
  return true;
}

struct HereDocument {
  std::string end;
  bool tabs = false;  // "<<-": tabs at the start of a line do not count
  // "$((1 <<2))" is arithmetic of the shell. BuildKit reads it as a here-document, and then does not find its end.
  bool is_doubtful() const { return end.contains(')'); }
};

// Which here-documents count in a reading. `likely`: all that are not doubtful.
enum class HereDocuments { likely, all, none };

std::vector<HereDocument> here_documents(const Instruction& instruction) {
  std::vector<HereDocument> found;
  if (instruction.name != "run" && instruction.name != "add" && instruction.name != "copy") return found;
  if (left_trimmed(instruction.rest, kBlank).starts_with('[') &&
      nlohmann::json::parse(instruction.rest, nullptr, false).is_array())
    return found;
  for (const auto& word : quoted_words(instruction.rest, '\\')) {
    std::string_view text = word;
    text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
    if (!text.starts_with("<<")) continue;
    text.remove_prefix(2);
    HereDocument each;
    if (text.starts_with('-')) {
      each.tabs = true;
      text.remove_prefix(1);
    }
    if (text.empty() || text.contains('<')) continue;
    each.end = expanded(text, '\\', [](const std::string&) { return Variable{.known = true, .value = {}}; }).text;
    if (!each.end.empty()) found.push_back(std::move(each));
  }
  return found;
}

// Takes the options before the first other word. They are read as Docker reads them: with quotes, and always with \ as
// the escape.
void take_options(Instruction& instruction) {
  std::string_view rest = left_trimmed(instruction.rest, kBlank);
  while (rest.starts_with("--")) {
    std::string option;
    char quote = 0;
    std::size_t at = 0;
    for (; at < rest.size(); ++at) {
      const char c = rest[at];
      if (quote == 0 && kBlank.contains(c)) break;
      if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (c == quote) {
        quote = 0;
      } else if (c == '\\' && at + 1 < rest.size()) {
        option += rest[++at];
      } else if (c != '\\') {
        option += c;
      }
    }
    rest = left_trimmed(rest.substr(at), kBlank);
    if (option == "--") break;
    instruction.options.push_back(std::move(option));
  }
  instruction.rest = std::string(rest);
}

constexpr std::array<std::string_view, 18> kInstructions = {
    "add",   "arg",        "cmd",     "copy", "entrypoint", "env",        "expose", "from",   "healthcheck",
    "label", "maintainer", "onbuild", "run",  "shell",      "stopsignal", "user",   "volume", "workdir"};

struct HereSeen {
  bool likely = false;
  bool doubtful = false;
};

DockerfileReading read(std::string_view text, char escape, HereDocuments here, HereSeen& seen) {
  DockerfileReading reading{.escape = escape, .instructions = {}};
  Lines lines(text);
  while (lines.more()) {
    auto first = left_trimmed(lines.next(), kBlank);
    if (first.starts_with('#')) continue;
    const auto first_line = lines.number();
    bool more = goes_on(first, escape);
    std::string line(first);
    if (line.empty() && !more) continue;
    while (more && lines.more()) {
      auto part = lines.next();
      const auto bare = left_trimmed(part, kBlank);
      if (bare.empty() || bare.starts_with('#')) continue;
      more = goes_on(part, escape);
      line += part;
    }
    if (trimmed(line, kBlank).empty()) continue;
    auto instruction = read_instruction(line);
    auto documents = here_documents(instruction);
    for (const auto& each : documents) (each.is_doubtful() ? seen.doubtful : seen.likely) = true;
    if (here == HereDocuments::none) documents.clear();
    if (here == HereDocuments::likely) std::erase_if(documents, [](const auto& each) { return each.is_doubtful(); });
    for (const auto& each : documents) {
      while (lines.more()) {
        auto inside = lines.next();
        if (each.tabs) inside.remove_prefix(std::min(inside.find_first_not_of('\t'), inside.size()));
        if (inside == each.end) break;
      }
    }
    instruction.end = lines.offset();
    instruction.line = lines.number();
    instruction.first_line = first_line;
    instruction.has_here_document = !documents.empty();
    reading.instructions.push_back(std::move(instruction));
  }
  return reading;
}

// Whether a builder may accept the text in this reading. Every builder reads the whole text before it starts, and
// refuses an instruction that it does not know.
bool is_possible(const DockerfileReading& reading) {
  return std::ranges::all_of(reading.instructions, [](const Instruction& each) {
    return std::ranges::find(kInstructions, each.name) != kInstructions.end();
  });
}

}  // namespace

Instruction read_instruction(std::string_view line) {
  Instruction instruction;
  while (true) {
    line = trimmed(line, kBlank);
    const auto end = std::min(line.find_first_of(kBlank), line.size());
    instruction.name = lower(line.substr(0, end));
    line.remove_prefix(end);
    if (instruction.name != "onbuild" || trimmed(line, kBlank).empty()) break;
    instruction.onbuild = true;
  }
  instruction.rest = std::string(trimmed(line, kBlank));
  take_options(instruction);
  return instruction;
}

Dockerfile read_dockerfile(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // the byte order mark, which some editors write
  const auto mark = text.starts_with(kMark) ? kMark.size() : 0;
  const auto body = text.substr(mark);
  const auto directives = directives_of(body);
  Dockerfile read_so{.readings = {}, .syntax = directives.syntax};
  for (const char escape : directives.escapes) {
    if (std::ranges::any_of(read_so.readings, [&](const auto& each) { return each.escape == escape; })) continue;
    HereSeen seen;
    for (const auto here : {HereDocuments::likely, HereDocuments::all, HereDocuments::none}) {
      if ((here == HereDocuments::all && !seen.doubtful) || (here == HereDocuments::none && !seen.likely)) continue;
      auto reading = read(body, escape, here, seen);
      for (auto& each : reading.instructions) each.end += mark;
      if (read_so.readings.empty() || is_possible(reading)) read_so.readings.push_back(std::move(reading));
    }
  }
  return read_so;
}

std::vector<std::string> split_words(const std::string& rest) {
  if (left_trimmed(rest, kBlank).starts_with('[')) {
    const auto json = nlohmann::json::parse(rest, nullptr, false);
    if (json.is_array() && std::ranges::all_of(json, [](const auto& each) { return each.is_string(); }))
      return json.get<std::vector<std::string>>();
  }
  std::vector<std::string> all;
  std::string word;
  for (const char c : rest) {
    if (!kBlank.contains(c)) {
      word += c;
    } else if (!word.empty()) {
      all.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) all.push_back(std::move(word));
  return all;
}

std::optional<std::size_t> find_stage(const DockerfileReading& reading, const std::string& target) {
  std::size_t count = 0;
  std::optional<std::size_t> found;
  for (const auto& each : reading.instructions) {
    if (each.name != "from" || each.onbuild) continue;
    const auto words = split_words(each.rest);
    const bool named = words.size() >= 3 && lower(words[1]) == "as" && lower(words[2]) == lower(target);
    if (named) found = count;
    ++count;
  }
  std::size_t number = 0;
  const auto read = std::from_chars(target.data(), target.data() + target.size(), number);
  if (!found && read.ec == std::errc() && read.ptr == target.data() + target.size() && number < count) found = number;
  return found;
}

InsertedLines insert_after_each_from(std::string_view text, const Dockerfile& read, std::string_view line,
                                     std::size_t stages) {
  InsertedLines made;
  std::size_t done = 0;
  for (const auto& each : read.readings.front().instructions) {
    if (each.name != "from" || each.onbuild || made.after.size() == stages) continue;
    made.text += text.substr(done, each.end - done);
    if (!made.text.ends_with('\n')) made.text += '\n';
    made.text += std::string(line) + '\n';
    done = each.end;
    made.after.push_back(each.line);
  }
  made.text += text.substr(done);
  return made;
}

}  // namespace dind
