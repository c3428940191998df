#include "services/missing_parts.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "support/ids.hpp"

namespace missing_parts_test {

using namespace dind;
namespace fs = std::filesystem;

namespace {

// Of a Python program that lacks a module.
std::string told(const std::string& module, const std::string& text, const std::string& folder = {}) {
  RunSpec spec;
  spec.program = SourceProgram{.file_name = "app.py", .text = text, .language = {}};
  spec.terms = Terms::flags;
  RunResult result;
  result.verdict = Verdict::failed;
  result.image = "the-image";
  const std::string err = "ModuleNotFoundError: No module named '" + module + "'\n";
  return missing_python_module({.spec = spec,
                                .result = result,
                                .language = "python",
                                .out = {},
                                .err = err,
                                .folder = folder,
                                .internet_allowed = true,
                                .own_authorities = false});
}

}  // namespace

TEST_CASE("P21: packages of a list that nobody has to trust are words for a shell, and no options") {
  const auto said =
      told("six", "# /// script\n# dependencies = [\"x`id`\", '$(id)', \"a&id\", \"-rx\", \"it's\"]\n# ///\n");
  INFO(said);
  CHECK(said.ends_with("first: --require 'x`id`' --require '$(id)' --require 'a&id' --require 'it'\\''s'"));
}

TEST_CASE("P02: a folder in a command is one word for a shell") {
  const auto above = fs::temp_directory_path() / ("dind-parts-" + random_id(8));
  const auto folder = above / "it's; $(id)";
  fs::create_directories(folder);
  std::ofstream(folder / "requirements.txt") << "flask\n";
  std::ofstream(folder / "helper.py") << "x\n";
  const auto quoted = "'" + above.string() + "/it'\\''s; $(id)";
  CHECK(told("flask", "import flask\n", folder).contains("--requirements " + quoted + "/requirements.txt'"));
  CHECK(told("helper", "import helper\n", folder).contains("--workspace " + quoted + "' -- python3 app.py"));
  fs::remove_all(above);
}

}  // namespace missing_parts_test
