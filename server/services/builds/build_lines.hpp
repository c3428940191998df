// Converts the step and line numbers in a builder's output to the numbers of the author's Dockerfile. The builder's
// Dockerfile has more lines, because dind-executor inserts some. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

// How much of a build was done when a step began, in percent. `line`: "Step 2/5 : RUN …" or "[2/5] RUN …". nullopt: the
// line has no step number.
std::optional<int> percent_of(std::string_view line);

// Converts the line number in "… parse error line 5: …". `added_after`: the author's line numbers after which
// dind-executor inserted a line.
std::string to_author_lines(std::string message, const std::vector<std::size_t>& added_after);

// Renumbers the steps of one build by the classic builder. Give it the lines in their order.
class StepNumbering {
 public:
  // `ours`: the instruction that dind-executor inserted `times` times, once in each stage.
  StepNumbering(std::string ours, std::size_t times) : ours_(std::move(ours)), times_(times) {}
  // The step's line with the author's numbers. nullopt: dind-executor inserted the step.
  std::optional<std::string> line(std::string_view text);
  // Call it when the image of a stage is complete. True: it was the last stage, and its last step was reached.
  bool stage_is_whole();

 private:
  std::string ours_;
  std::size_t times_;
  std::size_t seen_ = 0;
  std::size_t last_ = 0;  // number of the last step; a program may print a line that looks like a step
  std::size_t all_ = 0;
  std::size_t stages_ = 0;
};

}  // namespace dind
