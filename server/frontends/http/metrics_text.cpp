#include "frontends/http/metrics_text.hpp"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "wire/names.hpp"

namespace dind::frontends::http {
namespace {

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

std::string label(const char* name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + '"';
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
  // A family without the prefix of dind-executor: a figure that every program has.
  void standard_family(const char* name, const char* type, const char* help) {
    name_ = name;
    text_ += "# HELP " + name_ + ' ' + help + "\n# TYPE " + name_ + ' ' + type + '\n';
  }
  void histogram(const char* name, const char* help, const TimeFigures& figures) {
    family(name, "histogram", help);
    for (std::size_t i = 0; i < TimeFigures::kBuckets.size(); ++i)
      sample(std::to_string(figures.at_most[i]), label("le", number(TimeFigures::kBuckets[i])), "_bucket");
    sample(std::to_string(figures.count), label("le", "+Inf"), "_bucket");
    sample(number(figures.seconds), "", "_sum");
    sample(std::to_string(figures.count), "", "_count");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

template <typename Key>
std::string count(const std::map<Key, std::uint64_t>& counts, Key key) {
  const auto found = counts.find(key);
  return std::to_string(found == counts.end() ? 0 : found->second);
}

}  // namespace

ProcessFigures process_figures() {
  ProcessFigures figures;
  std::ifstream memory("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (memory >> size >> resident) figures.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code problem;
  for (std::filesystem::directory_iterator at("/proc/self/fd", problem), end; !problem && at != end;
       at.increment(problem))
    ++figures.open_files;
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
    figures.cpu_seconds = static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  return figures;
}

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
  text.family("sandboxes_warm", "gauge", "Warm sandboxes: started, and waiting for a run.");
  text.sample(std::to_string(gauges.warm_sandbox_count));
  text.family("accepting_runs", "gauge", "Whether new runs are taken: 0 while the server is being stopped.");
  text.sample(gauges.accepting ? "1" : "0");
  text.family("run_slots", "gauge", "Runs that may be under way at once.");
  text.sample(std::to_string(gauges.capacity.slots));
  text.family("queue_slots", "gauge", "Runs that may wait for their turn.");
  text.sample(std::to_string(gauges.capacity.queue_slots));
  text.family("sandboxes_taken_total", "counter", "Sandboxes that runs took, warm (it waited) or cold (made for it).");
  text.sample(std::to_string(gauges.capacity.warm), label("kind", "warm"));
  text.sample(std::to_string(gauges.capacity.cold), label("kind", "cold"));
  text.family("runs_total", "counter", "Runs that ended, by verdict.");
  for (const auto verdict : kAll<Verdict>)
    text.sample(count(figures.verdicts, verdict), label("verdict", to_string(verdict)));
  text.family("run_errors_total", "counter", "Runs that could not be run, by kind of error.");
  for (const auto error : kAll<ErrorCode>) text.sample(count(figures.errors, error), label("kind", to_string(error)));
  text.sample(std::to_string(figures.stopped), label("kind", "shutting_down"));
  text.family("output_bytes_total", "counter", "Output of programs that was passed on, by channel.");
  text.sample(std::to_string(figures.stdout_bytes), label("channel", "stdout"));
  text.sample(std::to_string(figures.stderr_bytes), label("channel", "stderr"));
  text.histogram("run_duration_seconds", "How long programs ran.", figures.program);
  text.histogram("run_total_seconds", "From the request to the end, of all runs.", figures.whole);
  text.histogram("run_queue_seconds", "How long runs waited for their turn, of those that waited.", figures.queue);
  text.histogram("run_start_seconds", "From the request to the start of the program.", figures.to_start);
  text.histogram("run_first_output_seconds", "From the request to the program's first byte.", figures.to_output);
  text.standard_family("process_resident_memory_bytes", "gauge", "Memory of this process.");
  text.sample(std::to_string(gauges.process.resident_bytes));
  text.standard_family("process_open_fds", "gauge", "Open descriptors of this process.");
  text.sample(std::to_string(gauges.process.open_files));
  text.standard_family("process_cpu_seconds_total", "counter", "CPU time of this process.");
  text.sample(number(gauges.process.cpu_seconds));
  return text.take();
}

}  // namespace dind::frontends::http
