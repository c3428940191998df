#include "support/text/requirements.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "support/text/escaped.hpp"
#include "support/text/requirement.hpp"
#include "support/text/shortened.hpp"
#include "support/text/source_text.hpp"
#include "support/text/trimmed.hpp"
#include "support/text/utf8.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxFiles = 32;
constexpr std::string_view kLineBlank = " \t\r\f\v";

std::unexpected<Error> wrong_line(const std::string& place, const std::string& problem) {
  return fail(ErrorCode::invalid_request, place + ": " + problem);
}

std::string shown(std::string_view text) { return shortened(escaped(text), 200); }

std::string from_utf16(std::string_view bytes, bool big_endian) {
  std::string text;
  char32_t high = 0;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    const char32_t unit = big_endian ? first << 8 | second : second << 8 | first;
    if (unit >= 0xD800 && unit < 0xDC00) {
      high = unit;
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      append_utf8(text, high == 0 ? U'\uFFFD' : 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
      high = 0;
    } else {
      append_utf8(text, unit);
      high = 0;
    }
  }
  return text;
}

std::string from_utf32(std::string_view bytes, bool big_endian) {
  std::string text;
  for (std::size_t at = 0; at + 3 < bytes.size(); at += 4) {
    char32_t c = 0;
    for (std::size_t i = 0; i < 4; ++i) c = c << 8 | static_cast<unsigned char>(bytes[at + (big_endian ? i : 3 - i)]);
    append_utf8(text, c > 0x10FFFF ? U'\uFFFD' : c);
  }
  return text;
}

// Decodes by the byte order marks that pip knows. PowerShell's `pip freeze > requirements.txt` writes UTF-16.
std::string decoded(std::string bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return bytes.substr(3);
  if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4)))
    return from_utf32(std::string_view(bytes).substr(4), false);
  if (bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4)))
    return from_utf32(std::string_view(bytes).substr(4), true);
  if (bytes.starts_with("\xFF\xFE")) return from_utf16(std::string_view(bytes).substr(2), false);
  if (bytes.starts_with("\xFE\xFF")) return from_utf16(std::string_view(bytes).substr(2), true);
  return bytes;
}

struct Line {
  std::string text;
  std::size_t number = 0;  // of its first physical line, from 1
};

bool is_comment(std::string_view line) {
  const auto first = line.find_first_not_of(kLineBlank);
  return first != std::string_view::npos && line[first] == '#';
}

std::string_view without_comment(std::string_view line) {
  for (auto at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || kLineBlank.contains(line[at - 1])) return line.substr(0, at);
  return line;
}

std::vector<std::string_view> physical_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + (text.substr(end).starts_with("\r\n") ? 2 : 1), text.size()));
  }
  return lines;
}

// Joins continued lines, then removes comments and blank lines. In this order, which is pip's, a comment line ends a
// continuation.
template <typename Texts>
std::vector<Line> logical_lines(const Texts& lines) {
  std::vector<Line> found;
  Line line;
  const auto end_line = [&] {
    if (const auto text = trimmed(without_comment(line.text), kLineBlank); !text.empty())
      found.push_back({std::string(text), line.number});
    line = {};
  };
  std::size_t number = 0;
  for (std::string_view each : lines) {
    ++number;
    if (each.ends_with('\r')) each.remove_suffix(1);
    if (line.number == 0) line.number = number;
    const bool comment = is_comment(each);
    const bool continues = each.ends_with('\\') && !comment;
    while (continues && each.ends_with('\\')) each.remove_suffix(1);
    if (comment) line.text += ' ';
    line.text += each;
    if (!continues) end_line();
  }
  end_line();
  return found;
}

// The file that a line `-r FILE` or `-c FILE` names, in every notation that pip accepts. nullopt: another line.
struct Include {
  std::string file;
  bool constraint = false;
};
std::optional<Include> included(std::string_view line) {
  constexpr std::pair<std::string_view, bool> kOptions[] = {
      {"--requirement", false}, {"--constraint", true}, {"-r", false}, {"-c", true}};
  for (const auto& [option, constraint] : kOptions) {
    if (!line.starts_with(option)) continue;
    auto file = line.substr(option.size());
    const bool is_long = option.starts_with("--");
    if (is_long && !file.starts_with('=') && !file.starts_with(' ') && !file.starts_with('\t')) continue;
    if (is_long && file.starts_with('=')) file.remove_prefix(1);
    file = trimmed(file, kLineBlank);
    if (file.size() > 1 && (file.front() == '"' || file.front() == '\'') && file.back() == file.front())
      file = file.substr(1, file.size() - 2);
    return Include{std::string(file), constraint};
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const ReadRequirementsFile& read) : read_(read) {}

  // `included_at`: the file and the line that include this file. Empty: this is the first file.
  Result<void> file(const std::string& path, bool constraint, const std::string& included_at = {}) {
    if (!seen_.insert({path, constraint}).second) return {};  // pip reads a file that includes itself only once
    if (seen_.size() > kMaxFiles)
      return wrong_line(included_at, "more than 32 files include each other; put them into one");
    auto bytes = read_(path);
    if (!bytes)
      return fail(bytes.error().code, (included_at.empty() ? "" : included_at + ": ") + bytes.error().message);
    const auto name = path == "-" ? std::string("stdin") : shown(path);
    const auto text = decoded(std::move(*bytes));
    for (const auto& line : logical_lines(physical_lines(text))) {
      const auto place = name + ", line " + std::to_string(line.number);
      if (const auto include = included(line.text)) {
        if (const auto taken = follow(path, place, *include); !taken) return taken;
        continue;
      }
      auto checked = checked_requirement(line.text);
      if (!checked) return wrong_line(place, checked.error());
      (constraint ? found_.constraints : found_.lines).push_back(std::move(*checked));
    }
    return {};
  }
  Requirements take() { return std::move(found_); }

 private:
  Result<void> follow(const std::string& path, const std::string& place, const Include& include) {
    namespace fs = std::filesystem;
    if (include.file.empty()) return wrong_line(place, "it names no file to include; write -r FILE");
    if (include.file.contains("://"))
      return wrong_line(place, "\"" + shown(include.file) + "\" is not a file beside it; put its lines into this file");
    const auto joined = (fs::path(path).parent_path() / include.file).lexically_normal().string();
    return file(joined, include.constraint, place);
  }

  const ReadRequirementsFile& read_;
  std::set<std::pair<std::string, bool>> seen_;
  Requirements found_;
};

}  // namespace

Result<Requirements> read_requirements(const std::string& path, const ReadRequirementsFile& read) {
  Reader reader(read);
  if (const auto done = reader.file(path, false); !done) return std::unexpected(done.error());
  return reader.take();
}

Result<std::vector<std::string>> read_requirement_items(const std::vector<std::string>& items) {
  std::vector<std::string> lines;
  // The first item may be the first line of a file, which still has its byte order mark.
  auto texts = std::vector<std::string_view>(items.begin(), items.end());
  if (!texts.empty()) texts.front() = without_byte_order_mark(texts.front());
  for (const auto& line : logical_lines(texts)) {
    auto checked = checked_requirement(line.text);
    if (!checked)
      return fail(ErrorCode::invalid_request, "The dependency " + std::to_string(line.number) + " of " +
                                                  std::to_string(items.size()) + ", " + checked.error());
    lines.push_back(std::move(*checked));
  }
  if (lines.empty() && !items.empty())
    return fail(ErrorCode::invalid_request,
                "The list of dependencies is empty; name a package, such as \"requests\", or leave them out");
  return lines;
}

}  // namespace dind
