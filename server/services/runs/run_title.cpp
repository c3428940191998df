#include "services/runs/run_title.hpp"

#include <algorithm>

#include "support/text/shortened.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxTitleLength = 80;

bool is_comment(std::string_view line) {
  for (const std::string_view mark : {"#", "//", "--", ";", "/*", "*"})
    if (line.starts_with(mark)) return !line.starts_with("#include") && !line.starts_with("#define");
  return false;
}

std::string plain(std::string_view line) {
  std::string text(line.substr(0, 4 * kMaxTitleLength));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return shortened(text, kMaxTitleLength);
}

std::string command_line(const Command& command) {
  if (const auto* line = std::get_if<std::string>(&command)) return first_line(*line);
  std::string text;
  for (const auto& part : std::get<std::vector<std::string>>(command)) {
    text += (text.empty() ? "" : " ") + part.substr(0, kMaxTitleLength);
    if (text.size() > 4 * kMaxTitleLength) break;
  }
  return plain(text);
}

}  // namespace

std::string first_line(std::string_view text) {
  constexpr std::size_t kFar = 64U << 10;  // bytes; a first line after them is of no use in a list
  text = text.substr(0, kFar);
  std::string_view comment;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end), " \t\r\v\f");
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with("#!")) continue;
    if (!is_comment(line)) return plain(line);
    if (comment.empty()) comment = line;
  }
  return plain(comment);
}

std::string run_title(const RunSpec& spec) {
  if (const auto* source = std::get_if<SourceProgram>(&spec.program)) {
    const auto line = first_line(source->text);
    if (source->file_name.empty()) return line;
    return plain(source->file_name) + (line.empty() ? "" : ": " + line);
  }
  if (const auto* build = std::get_if<BuildProgram>(&spec.program))
    return "Dockerfile: " + first_line(build->dockerfile);
  return command_line(std::get<CommandProgram>(spec.program).command);
}

}  // namespace dind
