#include "engine/build_reader.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/buildkit_trace.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"
#include "support/text/base64.hpp"
#include "support/text/escape_sequences.hpp"
#include "support/text/utf8.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

constexpr std::size_t kMaxLineLength = 4096;  // a longer line is passed on in pieces of this size

// A piece of a line as printable text: control characters and invalid bytes are replaced, blanks stay.
std::string printable(std::string_view piece) {
  // The marks at both ends keep blanks there.
  const auto text = one_line("|" + without_escape_sequences(piece) + "|", 2 * kMaxLineLength + 8);
  return text.substr(1, text.size() - 2);
}

bool is_step(std::string_view line) { return line.starts_with("Step ") && line.contains(" : "); }
// An ID as the classic builder writes it: its first 12 digits.
bool is_short_id(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
// A message of the classic builder about its own work between two steps; its text is empty. nullopt: it is a line of
// output.
std::optional<BuildLine> own_doings(std::string_view line) {
  constexpr std::string_view kRuns = " ---> Running in ", kIs = " ---> ", kRemoves = "Removing intermediate container ";
  if (line.starts_with(kRuns) && is_short_id(line.substr(kRuns.size())))
    return BuildLine{.text = {}, .container = std::string(line.substr(kRuns.size())), .image = {}};
  if (line.starts_with(kIs) && is_short_id(line.substr(kIs.size())))
    return BuildLine{.text = {}, .container = {}, .image = std::string(line.substr(kIs.size()))};
  if (line == " ---> Using cache" || line == " --->" ||
      (line.starts_with(kRemoves) && is_short_id(line.substr(kRemoves.size()))))
    return BuildLine{};
  return std::nullopt;
}

}  // namespace

int steps_exit_code(std::string_view message) {
  struct Form {
    std::string_view before, after;  // the text before and after the step's command
    std::string_view killed = {};    // in place of the exit code: the kernel killed it because of its memory limit
  };
  constexpr Form kForms[] = {
      {"executor failed running [", "]: "},
      {"process \"", "\" did not complete successfully: ", "cannot allocate memory"},
  };
  for (const auto& form : kForms) {
    const auto at = message.rfind(form.after);
    if (!message.contains(form.before) || at == std::string_view::npos) continue;
    auto words = message.substr(at + form.after.size());
    if (!form.killed.empty() && words == form.killed) return 137;
    if (!words.starts_with("exit code: ")) continue;
    words.remove_prefix(11);
    int code = 0;
    const auto read = std::from_chars(words.data(), words.data() + words.size(), code);
    if (read.ec == std::errc() && read.ptr == words.data() + words.size() && code > 0 && code < 256) return code;
  }
  return 0;
}

bool BuildReader::feed(std::string_view bytes, const OnLine& on_line) {
  return stream_.feed(bytes, [&](std::string_view object) { take(object, on_line); });
}

void BuildReader::flush(const OnLine& on_line) {
  if (!partial_.empty() || in_long_line_) take_text("\n", on_line);
}

// Passes on complete lines; a long line in pieces.
void BuildReader::take_text(std::string_view text, const OnLine& on_line) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    partial_ += text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t done = 0;
    while (partial_.size() - done > kMaxLineLength) {
      const auto size = character_boundary(std::string_view(partial_).substr(done), kMaxLineLength);
      const auto piece = std::string_view(partial_).substr(done, size);
      on_line({.text = printable(piece),
               .step = !in_long_line_ && is_step(piece),
               .goes_on = true,
               .container = {},
               .image = {}});
      in_long_line_ = true;
      done += size;
    }
    partial_.erase(0, done);
    if (end == std::string_view::npos) return;
    const bool long_line = std::exchange(in_long_line_, false);
    const auto rest = std::exchange(partial_, {});
    if (long_line) {
      on_line({.text = printable(rest), .container = {}, .image = {}});
      continue;
    }
    const auto line = one_line(without_escape_sequences(rest), 2 * kMaxLineLength);
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    if (const auto own = own_doings(line)) {
      if (!own->container.empty() || !own->image.empty()) on_line(*own);
      continue;
    }
    on_line({.text = line, .step = is_step(line), .container = {}, .image = {}});
  }
}

void BuildReader::take_trace(std::string_view base64, const OnLine& on_line) {
  BuildkitTrace trace;
  const auto bytes = from_base64(base64);
  if (!bytes) return;
  read_buildkit_trace(*bytes, trace);
  for (const auto& vertex : trace.vertexes) {
    // BuildKit's own steps. With containerd's store it copies the context first.
    if (vertex.name.empty() || vertex.name.starts_with("[internal]") || vertex.name == "copy /context /") continue;
    if ((vertex.started || vertex.cached) && announced_.insert(vertex.digest).second) {
      flush(on_line);
      on_line({.text = one_line(vertex.name, kMaxLineLength) + (vertex.cached ? " (cached)" : ""),
               .step = true,
               .container = {},
               .image = {}});
    }
  }
  for (const auto& log : trace.logs) take_text(log, on_line);
}

void BuildReader::take(std::string_view object, const OnLine& on_line) {
  const Json json = Json::parse(object, nullptr, false);
  if (!json.is_object()) return;
  const Json& detail = field(json, "errorDetail");
  std::string error = text(detail, "message");
  if (error.empty()) error = text(json, "error");
  if (!error.empty()) {
    flush(on_line);
    if (failure_) return;
    const int code = static_cast<int>(number(detail, "code"));
    failure_ = {.message = one_line(without_escape_sequences(error)),
                .exit_code = code != 0 ? code : steps_exit_code(error)};
    return;
  }
  const Json& aux = field(json, "aux");
  if (text(json, "id") == "moby.buildkit.trace") {
    if (aux.is_string()) take_trace(aux.get_ref<const std::string&>(), on_line);
    return;
  }
  if (auto id = text(aux, "ID"); !id.empty()) {
    image_id_ = std::move(id);
    on_line({.text = {}, .container = {}, .image = {}, .stage = image_id_});
  }
  if (const auto stream = text(json, "stream"); !stream.empty()) take_text(stream, on_line);
  // The pull of a base image: its stages without the percentages of the layers.
  if (const auto status = text(json, "status"); !status.empty() && text(json, "id").empty())
    on_line({.text = one_line(status, 200), .container = {}, .image = {}});
}

}  // namespace dind::engine
