#include "services/runs/windows_line_ends.hpp"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <variant>
#include <vector>

#include "services/runs/hint_lines.hpp"
#include "support/io/folder.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxScriptBytes = 1 << 20;
constexpr std::size_t kMaxScripts = 8;  // files that a command names and that are read

constexpr std::string_view kEffect =
    " has Windows line ends (CRLF), which the shell reads as a part of each line's last word: ";

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

bool is_shell_name(std::string_view path) {
  const auto name = base_name(path);
  return name == "sh" || name == "bash" || name == "dash" || name == "ash" || name == "zsh" || name == "ksh";
}

// Whether a shell gets a text with such line ends as an argument.
bool has_windows_text(const Command& command) {
  const auto* argv = std::get_if<std::vector<std::string>>(&command);
  if (argv == nullptr) return std::get<std::string>(command).contains("\r\n");
  return !argv->empty() && is_shell_name(argv->front()) &&
         std::ranges::any_of(*argv, [](const auto& word) { return word.contains("\r\n"); });
}

std::vector<std::string> words_of_command(const Command& command) {
  const auto* argv = std::get_if<std::vector<std::string>>(&command);
  const std::vector<std::string> parts = argv != nullptr ? *argv : std::vector{std::get<std::string>(command)};
  std::vector<std::string> words;
  for (const std::string_view part : parts)
    for (std::size_t at = 0; at < part.size();) {
      const auto begin = part.find_first_not_of(" \t\n;&|\"'", at);
      if (begin == std::string_view::npos) break;
      const auto end = std::min(part.find_first_of(" \t\n;&|\"'", begin), part.size());
      words.emplace_back(part.substr(begin, end - begin));
      at = end;
    }
  return words;
}

// The first script with such line ends that the command names, relative to the folder. Empty: it names no such script.
std::string windows_script(const Ending& ending, const Command& command) {
  namespace fs = std::filesystem;
  const auto folder = ending.folder.empty() ? std::nullopt : Folder::open(ending.folder);
  if (!folder) return {};
  const auto words = words_of_command(command);
  const bool by_shell = std::ranges::any_of(words, is_shell_name);
  std::size_t looked_at = 0;
  for (const auto& word : words) {
    const auto path = fs::path(word).lexically_normal().string();
    if (path.empty() || path.starts_with('-') || path.starts_with('/') || path.starts_with("..")) continue;
    std::string text;
    if (folder->read(path, kMaxScriptBytes, text) != Folder::Problem::none) continue;
    if (++looked_at > kMaxScripts) break;
    if (!text.contains("\r\n")) continue;
    const bool named_so = path.ends_with(".sh") || path.ends_with(".bash");
    if (text.starts_with("#!") || (by_shell && named_so)) return path;
  }
  return {};
}

using Parts = std::initializer_list<std::string_view>;

bool has_any(std::string_view line, const Parts& parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return line.contains(part); });
}

// Whether a line is the message of a shell or an interpreter about a word that ends with a carriage return.
bool complains_of_carriage_return(std::string_view line) {
  if (line.ends_with('\r')) {
    // The word is the last one of the message. A program's own message may also end in this way, so only a few count.
    if (has_any(line, {"can't cd to ", "bad option: ", "nknown option: ", "nrecognized option", "llegal option -"}))
      return true;
    line.remove_suffix(1);
  }
  if (has_any(line, {"^M: bad interpreter", "unexpected token `$'", "-\r: invalid option"}))
    return line.contains('\r') || line.contains("\\r'") || line.contains("^M");
  // bash writes the word as $'cd\r', or with the carriage return itself between quotes.
  if (line.contains("$'") && has_any(line, {"\\r': ", "\\r''"})) return true;
  if (has_any(line, {"\\r': command not found", "\\r': No such file", "\\r\xE2\x80\x99: No such file"})) return true;
  return line.contains('\r') &&
         has_any(line, {"\r: not found", "\r: No such file", "\r': No such file", "\r\xE2\x80\x99: No such file",
                        "\r: command not found", "\r: bad interpreter", "\r: invalid option", "\r: bad option",
                        "\r': not a valid identifier", "option -\r"});
}

bool is_said_so(std::string_view err) {
  while (!err.empty()) {  // here, only "\n" ends a line
    const auto end = std::min(err.find('\n'), err.size());
    if (complains_of_carriage_return(err.substr(0, end))) return true;
    err.remove_prefix(std::min(end + 1, err.size()));
  }
  return false;
}

}  // namespace

std::string windows_line_ends(const Ending& ending) {
  const std::string convert = "convert it: sed -i 's/\\r$//' ";
  if (const auto* command = std::get_if<CommandProgram>(&ending.spec.program)) {
    if (has_windows_text(command->command))
      return "the script" + std::string(kEffect) + "send it with only \"\\n\" as the line end";
    if (const auto script = windows_script(ending, command->command); !script.empty())
      return shortened(escaped(script), 120) + std::string(kEffect) + convert + command_word(script);
  }
  const auto* source = std::get_if<SourceProgram>(&ending.spec.program);
  if (source != nullptr && ending.language == "shell" && source->text.contains("\r\n")) {
    // A client that sends a text has no file to convert.
    if (source->file_name.empty() || ending.folder.empty())
      return "the script" + std::string(kEffect) + "send it with only \"\\n\" as the line end";
    return shortened(escaped(source->file_name), 120) + std::string(kEffect) + convert +
           command_word(source->file_name);
  }
  if (!is_said_so(ending.err)) return {};
  return "a script has Windows line ends (CRLF): " + convert + "FILE";
}

}  // namespace dind
