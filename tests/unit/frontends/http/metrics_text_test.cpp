#include "frontends/http/metrics_text.hpp"

#include <catch2/catch_test_macros.hpp>

namespace metrics_text_test {

using namespace dind;
using namespace dind::frontends::http;

TEST_CASE("Metrics have a line for each verdict and each error, even if its count is 0") {
  RunFigures figures;
  figures.verdicts[Verdict::ok] = 3;
  figures.errors[ErrorCode::busy] = 2;
  Gauges gauges;
  gauges.running = 4;
  gauges.engine_up = true;
  gauges.version = "1.2.3";
  const auto text = metrics_text(figures, gauges);
  for (const char* line :
       {"dind_executor_build_info{version=\"1.2.3\"} 1\n", "dind_executor_engine_up 1\n",
        "dind_executor_runs_running 4\n", "dind_executor_runs_total{verdict=\"ok\"} 3\n",
        "dind_executor_runs_total{verdict=\"timeout\"} 0\n", "dind_executor_run_errors_total{kind=\"busy\"} 2\n",
        "dind_executor_run_errors_total{kind=\"internal\"} 0\n",
        "dind_executor_run_duration_seconds_bucket{le=\"+Inf\"} 0\n"}) {
    CAPTURE(line);
    CHECK(text.contains(line));
  }
}

TEST_CASE("Each metric family has a HELP line and a TYPE line") {
  const auto text = metrics_text({}, {});
  std::size_t helps = 0, types = 0;
  for (std::size_t at = 0; (at = text.find("# HELP ", at)) != std::string::npos; ++at) ++helps;
  for (std::size_t at = 0; (at = text.find("# TYPE ", at)) != std::string::npos; ++at) ++types;
  CHECK(helps == types);
  CHECK(helps > 10);
  CHECK(text.starts_with("# HELP "));
  CHECK(text.ends_with('\n'));
}

TEST_CASE("The process figures have the memory, the open files and the CPU time") {
  const auto figures = process_figures();
  CHECK(figures.resident_bytes > 0);
  CHECK(figures.open_files > 0);
  CHECK(figures.cpu_seconds >= 0);
}

}  // namespace metrics_text_test
