// What a builder says, in the numbers of the Dockerfile that its author has: ours has lines more. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dind {

// "Step 2/5 : RUN …" and "[2/5] RUN …": how much was done when it began, in percent.
std::optional<int> percent_of(std::string_view line);

// "… parse error line 5: …". `added_after`: where the builder's Dockerfile has a line of ours, after how many of its
// author's.
std::string to_author_lines(std::string message, const std::vector<std::size_t>& added_after);

// The classic builder's steps, one after another.
class StepNumbering {
 public:
  // `ours`: the instruction that was put in so many times, once in each stage.
  StepNumbering(std::string ours, std::size_t times) : ours_(std::move(ours)), times_(times) {}
  // The step's line by its author's count; nullopt: it's one of ours.
  std::optional<std::string> line(std::string_view text);
  // The image of a stage is whole. True: it was the last stage, at the last step.
  bool stage_is_whole();

 private:
  std::string ours_;
  std::size_t times_;
  std::size_t seen_ = 0;
  std::size_t last_ = 0;  // the last step's number; a program may print what looks like one
  std::size_t all_ = 0;
  std::size_t stages_ = 0;
};

}  // namespace dind
