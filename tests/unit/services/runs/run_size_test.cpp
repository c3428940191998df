#include "services/runs/run_size.hpp"

#include <catch2/catch_test_macros.hpp>

namespace run_size_test {

using namespace dind;

namespace {

std::map<std::string, std::string> variables(std::size_t count, std::size_t value_bytes = 1) {
  std::map<std::string, std::string> made;
  for (std::size_t n = 0; n < count; ++n) made["V" + std::to_string(n)] = std::string(value_bytes, 'x');
  return made;
}

std::string problem(const RunSpec& spec) {
  const auto small = check_size(spec);
  if (!small) CHECK(small.error().code == ErrorCode::invalid_request);
  return small ? std::string() : small.error().message;
}

}  // namespace

TEST_CASE("S05: a run has at most 1000 environment variables of 1 MiB") {
  CHECK(problem({.env = variables(1000)}).empty());
  CHECK(problem({.env = variables(1001)}).contains("1000 environment variables of 1 MiB in all, not 1001 of "));
  CHECK(problem({.env = {{"N", std::string((1 << 20) - 1, 'x')}}}).empty());
  CHECK(problem({.env = {{"N", std::string(1 << 20, 'x')}}}).contains("into a file or stdin"));
}

TEST_CASE("S05: the names of environment variables count towards their size") {
  CHECK_FALSE(problem({.env = {{std::string(1 << 20, 'N'), "x"}}}).empty());
}

TEST_CASE("S05: build arguments have the same bounds as the environment, but are counted separately") {
  RunSpec spec{.program = BuildProgram{.dockerfile = "FROM a", .arguments = variables(1000)}, .env = variables(1000)};
  CHECK(problem(spec).empty());
  std::get<BuildProgram>(spec.program).arguments = variables(2, 1 << 19);
  CHECK(problem(spec).contains("build arguments"));
  CHECK(problem(spec).contains("a file of the context"));
}

}  // namespace run_size_test
