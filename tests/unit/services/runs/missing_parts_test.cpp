#include "services/runs/missing_parts.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "support/ids.hpp"
#include "support/temp_folder.hpp"

namespace missing_parts_test {

using namespace dind;
namespace fs = std::filesystem;

namespace {

// The hint for a Python program that lacks a module.
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

TEST_CASE("P21: a hint quotes the packages of a program's list for a shell and leaves out unsafe ones") {
  const auto said = told("six",
                         "# /// script\n# dependencies = [\"x`id`\", '$(id)', \"a&id\", \"-rx\", \"it's\", "
                         "\"x @ file:///etc\", \"rich>=13\", 'a; python_version > \"3\"']\n# ///\n");
  INFO(said);
  CHECK(said.ends_with("first: --with 'rich>=13' --with 'a; python_version > \"3\"'"));
}

TEST_CASE("P21: a program's own list of dependencies is read as PEP 723 specifies") {
  struct Case {
    std::string text;
    std::string said;
  };
  const std::string generic = "that first: --with six";
  const Case cases[] = {
      {"# /// script\n# dependencies = [\n#   # \"old\",\n#   \"six\", # it is \"good\"\n# ]\n# ///\n",
       "them first: --with six"},
      {"# /// script\r\n# dependencies = ['six']\r\n# ///\r\n", "them first: --with six"},
      {"#!/usr/bin/env python3\n# /// script\n# requires-python = \">=3\"\n#\n# dependencies=['six',]\n# ///\n",
       "them first: --with six"},
      {"# /// script\n# dependencies = ['flask[async]>=2',\n# 'six']\n# ///\n", "--with 'flask[async]>=2' --with six"},
      {"# /// script\n# dependencies = ['six']\n", generic},                            // not closed
      {"text = (\n  # /// script\n  # dependencies = ['old']\n  # ///\n)\n", generic},  // not at a line's start
      {"# /// script\n# my-dependencies = ['old']\n# ///\n", generic},
      {"# /// script\n# dependencies = []\n# ///\n", generic},
      {"# /// tool\n# dependencies = ['old']\n# ///\n", generic}};
  for (const auto& [text, said] : cases) {
    INFO(text);
    const auto hint = told("six", text + "import six\n");
    INFO(hint);
    CHECK(hint.ends_with(said));
  }
  const std::string list = "# /// script\n# dependencies = ['six', 'opencv-python']\n# ///\n";
  INFO(told("yaml", list));
  CHECK(told("yaml", list).ends_with("--with six --with opencv-python --with PyYAML"));
  CHECK(told("cv2", list).ends_with("--with six --with opencv-python"));
  CHECK(told("google", "from google.cloud import storage\n").ends_with("--with google-cloud-storage"));
  CHECK(told("google", "import google.generativeai as g\n").ends_with("--with google-generativeai"));
}

TEST_CASE("P21: the hint for a command without a language suggests an image, not packages") {
  RunSpec spec;
  spec.program = CommandProgram{std::vector<std::string>{"python3", "-c", "import six"}};
  RunResult result;
  result.verdict = Verdict::failed;
  result.image = "the-image";
  const Ending ending{.spec = spec,
                      .result = result,
                      .language = {},
                      .out = {},
                      .err = "ModuleNotFoundError: No module named 'six'\n",
                      .folder = {}};
  for (const auto terms : {Terms::flags, Terms::fields, Terms::settings}) {
    spec.terms = terms;
    const auto hint = missing_python_module(ending);
    INFO(hint);
    CHECK(hint.contains("choose an image"));
    CHECK_FALSE(hint.contains("--with"));
  }
  spec.program = CommandProgram{.command = std::vector<std::string>{"python3", "a.py"}, .language = "python"};
  spec.terms = Terms::flags;
  CHECK(missing_python_module(ending).ends_with("--with six"));
}

TEST_CASE("P02: a hint names a file next to the program, wherever the messages mention it") {
  const tests::TempFolder project;
  for (const auto* name : {"data.csv", "helper.py", "sub/x.txt"}) project.write(name);
  struct Case {
    std::string language, err;
    std::string said;  // empty: nothing
  };
  const std::string stack =
      std::string("    at Object.open (node:fs:573:18)\n") + "    at Module._compile (node:internal)\n";
  const Case cases[] = {
      {"javascript",
       "node:fs:573\n\nError: ENOENT: no such file or directory, open 'data.csv'\n" + stack + stack + stack + stack +
           "  errno: -2,\n  code: 'ENOENT',\n  syscall: 'open',\n  path: 'data.csv'\n}\n\nNode.js v22.1.0\n",
       "\"data.csv\""},
      {"python", "/usr/bin/python3: can't open file '/sandbox/helper.py': [Errno 2] No such file or directory\n",
       "\"helper.py\""},
      {"python", "FileNotFoundError: [Errno 2] No such file or directory: './sub/../data.csv'\n", "\"data.csv\""},
      {"python",
       "FileNotFoundError: [Errno 2] No such file or directory: '../" + project.path.filename().string() +
           "/data.csv'\n",
       ""},
      {"python", "FileNotFoundError: [Errno 2] No such file or directory: '..'\n", ""},
      {"shell", "a.sh: line 1: ./sub/x.txt: No such file or directory\n", "\"sub/x.txt\""}};
  for (const auto& c : cases) {
    INFO(c.err);
    RunSpec spec;
    spec.program = SourceProgram{.file_name = "app", .text = "x", .language = {}};
    const RunResult result;
    const auto hint = missing_neighbour({.spec = spec,
                                         .result = result,
                                         .language = c.language,
                                         .out = {},
                                         .err = c.err,
                                         .folder = project.path.string()});
    INFO(hint);
    CHECK(hint.empty() == c.said.empty());
    CHECK(hint.contains(c.said));
  }
}

TEST_CASE("P02: a folder in a hint's command is quoted as one shell word") {
  const auto above = fs::temp_directory_path() / ("dind-parts-" + random_id(8));
  const auto folder = above / "it's; $(id)";
  fs::create_directories(folder);
  std::ofstream(folder / "requirements.txt") << "flask\n";
  std::ofstream(folder / "helper.py") << "x\n";
  const auto quoted = "'" + above.string() + "/it'\\''s; $(id)";
  CHECK(told("flask", "import flask\n", folder).contains("--with-requirements " + quoted + "/requirements.txt'"));
  CHECK(told("helper", "import helper\n", folder).contains("--workspace " + quoted + "' -- python3 app.py"));
  fs::remove_all(above);
}

}  // namespace missing_parts_test
