#include "services/builds/build_lines.hpp"

#include <catch2/catch_test_macros.hpp>

namespace build_lines_test {

using namespace dind;

TEST_CASE("A step's line tells what percentage of the steps was done when the step began") {
  CHECK(percent_of("Step 1/4 : FROM x") == 0);
  CHECK(percent_of("Step 4/4 : CMD y") == 75);
  CHECK(percent_of("[2/5] RUN z") == 20);
  for (const char* none : {"", "Step", "RUN a/b", "Step 5/4 : x", "Step 0/4 : x", "a 1 b / 2"}) {
    INFO(none);
    CHECK(!percent_of(none));
  }
}

TEST_CASE("Step numbers do not count the steps that dind-executor inserts") {
  StepNumbering steps("LABEL a=b", 2);
  CHECK(steps.line("Step 1/6 : FROM x AS y") == "Step 1/4 : FROM x AS y");
  CHECK(!steps.line("Step 2/6 : LABEL a=b"));
  CHECK(steps.line("Step 3/6 : RUN echo 'Step 4/6 : LABEL a=b'") == "Step 2/4 : RUN echo 'Step 4/6 : LABEL a=b'");
  // A line that a step prints is not renumbered.
  CHECK(steps.line("Step 1/6 : FROM x") == "Step 1/6 : FROM x");
  CHECK(steps.line("Step 9/9 : no step") == "Step 9/9 : no step");
  CHECK(steps.line("Step 4/6 : FROM z") == "Step 3/4 : FROM z");
  CHECK(!steps.line("Step 5/6 : LABEL a=b"));
  CHECK(steps.line("Step 6/6 : LABEL a=b") == "Step 4/4 : LABEL a=b");  // this LABEL is in the author's Dockerfile
}

TEST_CASE("A stage completes the build only if it is the last one and its last step was reached") {
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

TEST_CASE("Step lines stay unchanged if dind-executor inserted no steps") {
  StepNumbering steps("LABEL a=b", 0);
  CHECK(steps.line("Step 1/1 : FROM x") == "Step 1/1 : FROM x");
  CHECK(steps.line("[2/5] RUN z") == "[2/5] RUN z");
}

TEST_CASE("A parse error gives the line number of the author's Dockerfile") {
  CHECK(to_author_lines("dockerfile parse error line 6: x", {1, 3}) == "dockerfile parse error line 4: x");
  CHECK(to_author_lines("dockerfile parse error line 1: x", {1, 3}) == "dockerfile parse error line 1: x");
  CHECK(to_author_lines("dockerfile parse error on line 6: x", {1, 3}) == "dockerfile parse error on line 4: x");
  CHECK(to_author_lines("something else", {1}) == "something else");
}

}  // namespace build_lines_test
