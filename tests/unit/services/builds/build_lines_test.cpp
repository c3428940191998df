#include "services/builds/build_lines.hpp"

#include <catch2/catch_test_macros.hpp>

namespace build_lines_test {

using namespace dind;

TEST_CASE("A step's line says how much was done when it began") {
  CHECK(percent_of("Step 1/4 : FROM x") == 0);
  CHECK(percent_of("Step 4/4 : CMD y") == 75);
  CHECK(percent_of("[2/5] RUN z") == 20);
  for (const char* none : {"", "Step", "RUN a/b", "Step 5/4 : x", "Step 0/4 : x", "a 1 b / 2"}) {
    INFO(none);
    CHECK(!percent_of(none));
  }
}

TEST_CASE("The author's steps are counted as the Dockerfile of theirs has them") {
  StepNumbering steps("LABEL a=b", 2);
  CHECK(steps.line("Step 1/6 : FROM x AS y") == "Step 1/4 : FROM x AS y");
  CHECK(!steps.line("Step 2/6 : LABEL a=b"));
  CHECK(steps.line("Step 3/6 : RUN echo 'Step 4/6 : LABEL a=b'") == "Step 2/4 : RUN echo 'Step 4/6 : LABEL a=b'");
  // What a step prints is not counted.
  CHECK(steps.line("Step 1/6 : FROM x") == "Step 1/6 : FROM x");
  CHECK(steps.line("Step 9/9 : no step") == "Step 9/9 : no step");
  CHECK(steps.line("Step 4/6 : FROM z") == "Step 3/4 : FROM z");
  CHECK(!steps.line("Step 5/6 : LABEL a=b"));
  CHECK(steps.line("Step 6/6 : LABEL a=b") == "Step 4/4 : LABEL a=b");  // the author's own
}

TEST_CASE("A build is whole with its last stage, at its last step") {
  StepNumbering steps("LABEL a=b", 2);
  CHECK(steps.line("Step 1/4 : FROM x"));
  CHECK(!steps.line("Step 2/4 : LABEL a=b"));
  CHECK(!steps.stage_is_whole());
  CHECK(steps.line("Step 3/4 : FROM z"));
  CHECK(!steps.line("Step 4/4 : LABEL a=b"));
  CHECK(steps.stage_is_whole());
  CHECK(!steps.stage_is_whole());

  StepNumbering early("LABEL a=b", 1);
  CHECK(early.line("Step 1/2 : FROM x"));
  CHECK(!early.stage_is_whole());
  StepNumbering no_steps("LABEL a=b", 1);
  CHECK(!no_steps.stage_is_whole());
  StepNumbering not_ours("LABEL a=b", 0);
  CHECK(not_ours.line("Step 1/1 : FROM x"));
  CHECK(!not_ours.stage_is_whole());
}

TEST_CASE("Without lines of ours a step's line is what it was") {
  StepNumbering steps("LABEL a=b", 0);
  CHECK(steps.line("Step 1/1 : FROM x") == "Step 1/1 : FROM x");
  CHECK(steps.line("[2/5] RUN z") == "[2/5] RUN z");
}

TEST_CASE("A line of a Dockerfile that can't be read has its author's number") {
  CHECK(to_author_lines("dockerfile parse error line 6: x", {1, 3}) == "dockerfile parse error line 4: x");
  CHECK(to_author_lines("dockerfile parse error line 1: x", {1, 3}) == "dockerfile parse error line 1: x");
  CHECK(to_author_lines("dockerfile parse error on line 6: x", {1, 3}) == "dockerfile parse error on line 4: x");
  CHECK(to_author_lines("something else", {1}) == "something else");
}

}  // namespace build_lines_test
