#include "faces/http/metrics_text.hpp"

#include <array>
#include <cstdio>

namespace dind::faces::http {
namespace {

constexpr std::array kVerdicts{Verdict::ok,           Verdict::failed,        Verdict::signalled,
                               Verdict::timeout,      Verdict::out_of_memory, Verdict::process_limit,
                               Verdict::output_limit, Verdict::disk_limit,    Verdict::cancelled};
constexpr std::array kErrors{ErrorCode::invalid_request,
                             ErrorCode::unsupported_language,
                             ErrorCode::unauthorized,
                             ErrorCode::not_found,
                             ErrorCode::busy,
                             ErrorCode::image_unavailable,
                             ErrorCode::engine_error,
                             ErrorCode::engine_unavailable,
                             ErrorCode::cancelled,
                             ErrorCode::internal};

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

class Text {
 public:
  void family(const char* name, const char* type, const char* help) {
    name_ = std::string("dind_executor_") + name;
    text_ += "# HELP " + name_ + ' ' + help + "\n# TYPE " + name_ + ' ' + type + '\n';
  }
  void sample(const std::string& value, const std::string& labels = "", const char* suffix = "") {
    text_ += name_ + suffix + (labels.empty() ? "" : '{' + labels + '}') + ' ' + value + '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::string label(const char* name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + '"';
}

template <typename Key>
std::string count(const std::map<Key, std::uint64_t>& counts, Key key) {
  const auto found = counts.find(key);
  return std::to_string(found == counts.end() ? 0 : found->second);
}

}  // namespace

std::string metrics_text(const RunFigures& figures, const Gauges& gauges) {
  Text text;
  text.family("build_info", "gauge", "The version of this program.");
  text.sample("1", label("version", gauges.version));
  text.family("engine_up", "gauge", "Whether the Docker engine answers.");
  text.sample(gauges.engine_up ? "1" : "0");
  text.family("runs_running", "gauge", "Runs whose program is running.");
  text.sample(std::to_string(gauges.running));
  text.family("runs_preparing", "gauge", "Runs that wait for an image, packages, a build or a container.");
  text.sample(std::to_string(gauges.preparing));
  text.family("runs_queued", "gauge", "Runs that wait for their turn.");
  text.sample(std::to_string(gauges.queued));
  text.family("sandboxes_waiting", "gauge", "Sandboxes that are started and wait for a run.");
  text.sample(std::to_string(gauges.waiting_sandboxes));
  text.family("runs_total", "counter", "Runs that ended, by verdict.");
  for (const auto verdict : kVerdicts) text.sample(count(figures.verdicts, verdict), label("verdict", name(verdict)));
  text.family("run_errors_total", "counter", "Runs that could not be run, by kind of error.");
  for (const auto error : kErrors) text.sample(count(figures.errors, error), label("kind", name(error)));
  text.family("output_bytes_total", "counter", "Output of programs that was passed on, by channel.");
  text.sample(std::to_string(figures.stdout_bytes), label("channel", "stdout"));
  text.sample(std::to_string(figures.stderr_bytes), label("channel", "stderr"));
  text.family("run_duration_seconds", "histogram", "How long programs ran.");
  for (std::size_t i = 0; i < RunFigures::kBuckets.size(); ++i)
    text.sample(std::to_string(figures.at_most[i]), label("le", number(RunFigures::kBuckets[i])), "_bucket");
  text.sample(std::to_string(figures.timed), label("le", "+Inf"), "_bucket");
  text.sample(number(figures.seconds), "", "_sum");
  text.sample(std::to_string(figures.timed), "", "_count");
  return text.take();
}

}  // namespace dind::faces::http
