#include "engine/build_reader.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/buildkit_trace.hpp"
#include "engine/json_fields.hpp"
#include "engine/text.hpp"
#include "support/base64.hpp"

namespace dind::engine {
namespace {

constexpr std::size_t kLongestLine = 4096;

bool is_step(std::string_view line) { return line.starts_with("Step ") && line.contains(" : "); }
// The classic builder colours what a step writes to stderr, by these two.
std::string without_colours(std::string text) {
  for (const std::string_view colour : {"\x1b[91m", "\x1b[0m"})
    for (auto at = text.find(colour); at != std::string::npos; at = text.find(colour, at))
      text.erase(at, colour.size());
  return text;
}
// What the classic builder says of its own doings between two steps.
bool is_chatter(std::string_view line) {
  return line.starts_with(" ---> ") || line.starts_with("Removing intermediate container ");
}

}  // namespace

bool BuildReader::feed(std::string_view bytes, const OnLine& on_line) {
  return stream_.feed(bytes, [&](std::string_view object) { take(object, on_line); });
}

void BuildReader::flush(const OnLine& on_line) {
  if (!partial_.empty()) take_text("\n", on_line);
}

// Whole lines; a very long one comes in parts.
void BuildReader::take_text(std::string_view text, const OnLine& on_line) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    partial_ += text.substr(0, end);
    if (end == std::string_view::npos && partial_.size() < kLongestLine) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto line = one_line(std::exchange(partial_, {}), kLongestLine);
    if (line.find_first_not_of(' ') != std::string::npos && !is_chatter(line))
      on_line({.text = line, .step = is_step(line)});
  }
}

void BuildReader::take_trace(std::string_view base64, const OnLine& on_line) {
  BuildkitTrace trace;
  const auto bytes = from_base64(base64);
  if (!bytes) return;
  read_buildkit_trace(*bytes, trace);
  for (const auto& vertex : trace.vertexes) {
    if (vertex.name.empty() || vertex.name.starts_with("[internal]")) continue;
    if ((vertex.started || vertex.cached) && announced_.insert(vertex.digest).second) {
      flush(on_line);
      on_line({.text = one_line(vertex.name, kLongestLine) + (vertex.cached ? " (cached)" : ""), .step = true});
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
    if (!failure_) failure_ = {.message = one_line(error), .exit_code = static_cast<int>(number(detail, "code"))};
    return;
  }
  const Json& aux = field(json, "aux");
  if (text(json, "id") == "moby.buildkit.trace") {
    if (aux.is_string()) take_trace(aux.get_ref<const std::string&>(), on_line);
    return;
  }
  if (auto id = text(aux, "ID"); !id.empty()) image_id_ = std::move(id);
  if (const auto stream = text(json, "stream"); !stream.empty()) take_text(without_colours(stream), on_line);
  // The pull of a base image: its stages without the layers' percentages.
  if (const auto status = text(json, "status"); !status.empty() && text(json, "id").empty())
    on_line({.text = one_line(status, 200), .step = false});
}

}  // namespace dind::engine
