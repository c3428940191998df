#include "services/runs/hints.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/temp_folder.hpp"

namespace hints_test {

using namespace dind;
namespace fs = std::filesystem;

namespace {

using Project = tests::TempFolder;

struct Case {
  std::string language = "python";
  std::string file = "app.py";
  std::string text = "print(1)\n";
  std::string err;
  std::string out = {};
  Verdict verdict = Verdict::failed;
  Network network = Network::none;
  Stage stage = Stage::program;
  std::string folder = {};
  bool internet_allowed = true;
  bool own_authorities = false;
  std::vector<std::string> dependencies = {};
  bool command = false;  // in a workspace, instead of a file
  bool build = false;    // an image that is built, instead of a file
  std::optional<int> signal = {};
  int exit_code = 1;
  Terms terms = Terms::flags;
};

std::vector<std::string> hints_of(const Case& c) {
  RunSpec spec;
  spec.program = SourceProgram{.file_name = c.file, .text = c.text, .language = {}};
  if (c.command) {
    spec.program = CommandProgram{std::vector<std::string>{"python3", "sub/app.py"}};
    spec.workspace = WorkspaceAccess::read_write;
    spec.working_dir = kWorkspaceMount;
  }
  if (c.build) spec.program = BuildProgram{.dockerfile = "FROM x\n", .context_path = {}, .command = {}};
  spec.network = c.network;
  spec.terms = c.terms;
  spec.dependencies = c.dependencies;
  RunResult result;
  result.verdict = c.verdict;
  result.signal = c.signal;
  if (!c.signal) result.exit_code = c.verdict == Verdict::ok ? 0 : c.exit_code;
  result.stage = c.stage;
  result.image = "the-image";
  result.stdout_bytes = c.out.size();
  result.stderr_bytes = c.err.size();
  return hints({.spec = spec,
                .result = result,
                .language = c.language,
                .out = c.out,
                .err = c.err,
                .folder = c.folder,
                .internet_allowed = c.internet_allowed,
                .own_authorities = c.own_authorities});
}

void check_one(const Case& c, const std::vector<std::string>& said) {
  const auto found = hints_of(c);
  INFO(c.err);
  REQUIRE(found.size() == 1);
  INFO(found.front());
  for (const auto& part : said) CHECK(found.front().contains(part));
  CHECK_FALSE(found.front().contains('\n'));
}

void check_none(const Case& c) {
  const auto found = hints_of(c);
  INFO(c.err << " / " << c.out);
  INFO((found.empty() ? "" : found.front()));
  CHECK(found.empty());
}

std::string traceback(const std::string& last) {
  return "Traceback (most recent call last):\n  File \"/sandbox/app.py\", line 1, in <module>\n" + last + "\n";
}

}  // namespace

TEST_CASE("P21: the hint for a missing Python module names the package to install") {
  const auto no_module = [](const std::string& name) {
    return traceback("ModuleNotFoundError: No module named '" + name + "'");
  };
  struct Name {
    std::string module, package;
  };
  for (const auto& [module, package] :
       {Name{"six", "six"}, Name{"cv2", "opencv-python"}, Name{"PIL", "pillow"}, Name{"yaml", "PyYAML"},
        Name{"sklearn.linear_model", "scikit-learn"}, Name{"bs4", "beautifulsoup4"}, Name{"dotenv", "python-dotenv"}})
    check_one({.err = no_module(module)}, {"--with " + package, "the-image"});
  check_one({.err = "/usr/local/bin/python3: No module named pytest\n"}, {"--with pytest"});
  check_one(
      {.text = "# /// script\n# dependencies = [\"six\", 'rich>=13']\n# ///\nimport six\n", .err = no_module("six")},
      {"# /// script", "--with six --with 'rich>=13'"});
  check_one({.err = no_module("tkinter")}, {"no Tk"});
  check_none({.err = no_module("six") + "handled\n", .verdict = Verdict::ok});
  check_none({.err = "", .out = no_module("six")});
  check_none({.err = traceback("ValueError: no module named six")});
}

TEST_CASE("P02: a hint suggests running the folder if a program misses a file next to it") {
  const Project project;
  project.write("helper.py");
  project.write("package/__init__.py");
  project.write("util.js");
  project.write("lib/tool.mjs");
  project.write("node_modules/lodash/index.js");
  project.write("lib.sh");
  project.write("data.csv");
  project.write("requirements.txt", "Flask_Cors==4.0 # web\n");
  const auto folder = project.path.string();
  struct Miss {
    std::string language, file, err;
    std::vector<std::string> said;
  };
  const Miss cases[] = {
      {"python",
       "app.py",
       traceback("ModuleNotFoundError: No module named 'helper'"),
       {"\"helper\"", "-- python3 app.py"}},
      {"python", "app.py", traceback("ModuleNotFoundError: No module named 'package.sub'"), {"\"package\""}},
      {"python",
       "app.py",
       traceback("ModuleNotFoundError: No module named 'flask_cors'"),
       {"--with-requirements " + folder}},
      {"python",
       "app.py",
       traceback("ImportError: attempted relative import with no known parent package"),
       {"python3 -m PACKAGE.app"}},
      {"python",
       "app.py",
       traceback("FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'"),
       {"\"data.csv\""}},
      {"javascript",
       "app.js",
       "Error: Cannot find module './util.js'\nRequire stack:\n- /sandbox/app.js\n",
       {"util.js", "-- node app.js"}},
      {"javascript", "app.js", "Error: Cannot find module './util'\n", {"\"./util\""}},
      {"javascript",
       "app.mjs",
       "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/sandbox/lib/tool.mjs' imported from /sandbox/app.mjs\n",
       {"lib/tool.mjs"}},
      {"javascript", "app.js", "Error: Cannot find module 'lodash/fp'\n", {"\"lodash\" is in node_modules"}},
      {"javascript", "app.js", "Error: ENOENT: no such file or directory, open 'data.csv'\n", {"\"data.csv\""}},
      {"shell",
       "app.sh",
       "/sandbox/app.sh: line 1: /sandbox/lib.sh: No such file or directory\n",
       {"\"lib.sh\"", "-- bash app.sh"}},
      {"shell", "app.sh", "app.sh: line 2: ./lib.sh: No such file or directory\n", {"\"lib.sh\""}},
      {"shell", "app.sh", "cat: data.csv: No such file or directory\n", {"\"data.csv\""}},
      {"shell", "app.sh", "/sandbox/app.sh: 1: .: cannot open /sandbox/lib.sh: No such file\n", {"\"lib.sh\""}},
      {"shell", "app.sh", "app.sh: 3: cannot open data.csv: No such file\n", {"\"data.csv\""}},
  };
  for (const auto& c : cases) {
    check_one({.language = c.language, .file = c.file, .err = c.err, .folder = folder}, c.said);
    if (c.said.front().starts_with("\""))
      check_one({.language = c.language, .file = c.file, .err = c.err, .folder = folder}, {"--workspace " + folder});
  }
  for (const char* file : {"other.csv", "/etc/passwd", "app.py"})
    check_none({.err = traceback("FileNotFoundError: [Errno 2] No such file or directory: '" + std::string(file) + "'"),
                .folder = folder});
  check_one(
      {.language = "javascript", .file = "a.js", .err = "Error: Cannot find module 'left-pad'\n", .folder = folder},
      {"npm install"});
  check_none(
      {.language = "javascript", .file = "a.js", .err = "Error: Cannot find module './none.js'\n", .folder = folder});
}

TEST_CASE("P21: the hints for a command in a folder name PYTHONPATH and the user that is not root") {
  const Project project;
  project.write("helper.py");
  project.write("src/tool/__init__.py");
  const auto folder = project.path.string();
  check_one({.err = traceback("ModuleNotFoundError: No module named 'helper'"), .folder = folder, .command = true},
            {"\"helper\"", "PYTHONPATH=/workspaces"});
  check_one({.err = traceback("ModuleNotFoundError: No module named 'tool.sub'"), .folder = folder, .command = true},
            {"PYTHONPATH=/workspaces/src"});
  check_one({.err = "cat: secret: Permission denied\n", .command = true}, {"not root"});
  check_none({.err = "git@host: Permission denied (publickey).\n", .command = true});
}

TEST_CASE("B10: a hint explains files of an image that only root can use, and its read-only file system") {
  for (const char* words : {"python3: can't open file '/root/app/main.py': [Errno 13] Permission denied\n",
                            "/bin/sh: 1: tool: Permission denied\n", "cat: /data/key: Permission denied\n",
                            "Error: EACCES: permission denied, open '/root/app/x.js'\n"}) {
    check_one({.language = "", .err = words, .build = true}, {"owns nothing", "regardless of USER", "chmod -R a+rX"});
    check_none({.language = "", .err = words, .verdict = Verdict::ok, .build = true});
    check_none({.err = words});  // a source file, not a build: the image does not own the file
  }
  for (const char* words : {"OSError: [Errno 30] Read-only file system: 'out.txt'\n",
                            "Error: EROFS: read-only file system, open 'x'\n", "touch: x: Read-only file system\n"})
    check_one({.language = "", .err = words, .build = true}, {"/tmp, /sandbox and /dev/shm are writable"});
}

TEST_CASE("B10: a hint explains that a folder in memory hides a path of the image") {
  for (const char* words :
       {"python3: can't open file '/tmp/app.py': [Errno 2] No such file or directory\n",
        "cat: /tmp/x: No such file or directory\n", "Error: Cannot find module '/tmp/a/b.js'\n",
        "/bin/sh: 1: /tmp/tool: not found\n", "Error: ENOENT: no such file or directory, open '/tmp/x'\n"}) {
    INFO(words);
    CHECK(std::ranges::any_of(hints_of({.language = "", .err = words, .build = true}),
                              [](const auto& each) { return each.contains("/tmp is an empty folder in memory"); }));
    check_none({.language = "", .err = words, .verdict = Verdict::ok, .build = true});
  }
  check_none({.language = "", .err = "cat: /srv/tmp/x: No such file or directory\n", .build = true});
  check_none({.err = "cat: /tmp/x: No such file or directory\n"});
}

TEST_CASE("P21: a hint recognizes the missing network in the messages of many tools") {
  for (const char* words :
       {"urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
        "socket.gaierror: [Errno -2] Name or service not known", "Error: getaddrinfo EAI_AGAIN example.com",
        "curl: (6) Could not resolve host: example.com", "fatal: unable to access 'x': Could not resolve host: x",
        "wget: unable to resolve host address 'example.com'", "wget: bad address 'example.com'",
        "dial tcp: lookup example.com: no such host", "java.net.UnknownHostException: example.com",
        "ssh: Could not resolve hostname x: Temporary failure", "OSError: [Errno 101] Network is unreachable",
        "connect ENETUNREACH 1.1.1.1:443", "W: Failed to fetch x  Temporary failure resolving 'deb.example'"}) {
    check_one({.err = std::string(words) + "\n"}, {"--network internet"});
    check_one({.err = std::string(words) + "\n", .internet_allowed = false}, {"limits.allowInternet"});
    check_none({.err = std::string(words) + "\n", .verdict = Verdict::ok});
  }
  check_one(
      {.language = "shell", .file = "a.sh", .err = "curl: (6) Could not resolve host: x\n", .verdict = Verdict::ok},
      {"--network internet"});
  check_one({.err = "OSError: [Errno 113] No route to host\n", .network = Network::internet}, {"public addresses"});
  check_none({.err = "socket.gaierror: [Errno -2] Name or service not known\n", .network = Network::internet});
  check_none({.err = "Error: getaddrinfo EAI_AGAIN localhost\n"});
  check_none({.err = "ConnectionRefusedError: [Errno 111] Connection refused\n"});
}

TEST_CASE("P21: a hint names Windows line ends, even if the script exits with 0") {
  Case script{.language = "shell", .file = "c2.sh", .text = "set -e\r\nfalse\r\necho on\r\n", .err = ""};
  script.folder = "/src";
  for (const auto verdict : {Verdict::ok, Verdict::failed}) {
    script.verdict = verdict;
    check_one(script, {"c2.sh", "CRLF", "sed"});
  }
  check_one({.language = "", .err = "x.sh: line 1: $'\\r': command not found\n"}, {"CRLF"});
  check_none({.language = "python", .text = "print(1)\r\n", .err = "", .out = "1\n", .verdict = Verdict::ok});
  check_none({.language = "shell", .file = "a.sh", .text = "printf 'a\\r\\n'\n", .err = "", .verdict = Verdict::ok});
}

TEST_CASE("P21: a failed fetch of Node gets the network hint, unless the request was to localhost") {
  check_one({.language = "javascript", .err = "", .out = "fetch failed\n"}, {"--network internet"});
  check_none({.language = "javascript", .text = "fetch('http://localhost:1')\n", .err = "fetch failed\n"});
  check_none(
      {.language = "javascript", .err = "TypeError: fetch failed\n  [cause]: Error: connect ECONNREFUSED ::1:80\n"});
}

TEST_CASE("P21: each of the other known causes has a hint of one line") {
  check_one({.err = traceback("EOFError: EOF when reading a line")}, {"--stdin"});
  check_none({.err = traceback("EOFError: Ran out of input")});
  check_one({.err = traceback("termios.error: (25, 'Inappropriate ioctl for device')")}, {"no terminal"});
  check_one({.err = traceback("OSError: [Errno 30] Read-only file system: '/x'")}, {"/tmp"});
  check_one({.err = traceback("OSError: [Errno 28] No space left on device")}, {"--tmp"});
  check_none({.language = "javascript", .err = "Error: ENOSPC: System limit for number of file watchers reached\n"});
  check_one({.err = "fatal: detected dubious ownership in repository at '/workspaces/x'\n"}, {"safe.directory"});
  check_one(
      {.language = "shell", .file = "a.sh", .err = "a.sh: line 1: curl: command not found\n", .verdict = Verdict::ok},
      {"no program curl", "--image"});
  check_one({.language = "shell", .file = "a.sh", .err = "a.sh: 1: pytest: not found\n"}, {"python3 -m pytest"});
  check_one({.err = traceback("FileNotFoundError: [Errno 2] No such file or directory: 'pytest'")},
            {"python3 -m pytest"});
  check_one({.language = "shell", .file = "a.sh", .err = "a.sh: line 1: sudo: command not found\n"},
            {"no program in a sandbox is root"});
  check_one({.err = "MemoryError\n"}, {"ran out of memory", "--memory"});
  check_one({.language = "javascript",
             .err = "FATAL ERROR: Reached heap limit - JavaScript heap out of memory\n",
             .verdict = Verdict::signalled},
            {"--memory"});
  check_one({.err = "_tkinter.TclError: no display name and no $DISPLAY environment variable\n"}, {"no display"});
  check_one({.err = " * Running on http://127.0.0.1:5000\n", .verdict = Verdict::timeout}, {"server"});
  check_one({.err = "    print 1\nSyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?\n"},
            {"Python 2"});
  check_none({.err = "", .verdict = Verdict::cancelled});
  check_none({.err = traceback("ValueError: x")});
  check_none({.err = "", .out = "1\n", .verdict = Verdict::ok});
}

TEST_CASE("P27: the hint for an untrusted certificate names caBundle, unless a bundle is set") {
  for (const char* words :
       {"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "npm ERR! code SELF_SIGNED_CERT_IN_CHAIN", "x509: certificate signed by unknown authority"}) {
    const std::string err = std::string(words) + "\n";
    check_one({.err = err, .network = Network::internet}, {"caBundle", "DIND_CA_BUNDLE"});
    check_one({.err = err, .stage = Stage::dependencies}, {"caBundle"});
    check_none({.err = err, .network = Network::internet, .own_authorities = true});
    check_none({.err = err});  // a server in the same sandbox
  }
}

TEST_CASE("P22: a command in a hint works in a shell, whatever the file's name is") {
  const Project project;
  project.write("helper.py");
  const std::pair<const char*, const char*> names[] = {{"-t.py", "python3 ./-t.py"},
                                                       {"a b.py", "python3 'a b.py'"},
                                                       {"it's.py", "python3 'it'\\''s.py'"},
                                                       {"a.py", "python3 a.py"}};
  for (const auto& [name, typed] : names)
    check_one({.file = name, .err = "ModuleNotFoundError: No module named 'helper'\n", .folder = project.path},
              {typed});
  check_one({.language = "shell", .file = "-t.sh", .text = "set -e\r\n", .err = "x", .folder = "/src"}, {"/' ./-t.sh"});
  check_one({.file = "-t.py", .text = "def test_a(): pass\n", .err = "", .verdict = Verdict::ok}, {"pytest ./-t.py"});
}

TEST_CASE("P20: a hint names the cause if the program could not start another program") {
  check_one({.language = "shell", .err = "a.sh: line 1: ./tool: cannot execute binary file: Exec format error\n"},
            {"another machine"});
  check_one({.err = "OSError: [Errno 8] Exec format error: './tool'\n"}, {"another machine"});
  check_one({.language = "shell",
             .err = "a.sh: line 1: ./tool: cannot execute: required file not found\n",
             .verdict = Verdict::ok},
            {"loader", "statically"});
  check_none({.err = "Exec format error\n", .verdict = Verdict::ok});
  check_one({.err = "", .verdict = Verdict::signalled, .signal = SIGSYS}, {"32 bits"});
  check_one({.language = "shell", .err = "Bad system call\n", .exit_code = 128 + SIGSYS}, {"32 bits"});
  check_none({.err = "", .verdict = Verdict::signalled, .signal = SIGSEGV});
}

TEST_CASE("E26: a file that only defines tests gets a hint, although it succeeds") {
  check_one({.text = "def test_a():\n    assert 1 == 2\n", .err = "", .verdict = Verdict::ok},
            {"only defines tests", "-m pytest app.py"});
  check_one({.text = "import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self): pass\n",
             .err = "",
             .verdict = Verdict::ok},
            {"-m unittest"});
  check_none({.text = "def test_a(): pass\nprint(1)\n", .err = "", .out = "1\n", .verdict = Verdict::ok});
  check_none({.text = "import unittest\nclass TestA(unittest.TestCase): pass\nunittest.main()\n",
              .err = "",
              .verdict = Verdict::ok});
  check_none({.text = "x = 1\n", .err = "", .verdict = Verdict::ok});
}

TEST_CASE("P21: a dependency that is named after its module gets a hint with the package's name") {
  check_one(
      {.err = "ERROR: No matching distribution found for cv2\n", .stage = Stage::dependencies, .dependencies = {"cv2"}},
      {"opencv-python"});
}

TEST_CASE("I19: a remedy names a flag, a request field or an editor setting, depending on the frontend") {
  const Project project;
  project.write("helper.py");
  project.write("src/tool/__init__.py");
  project.write("requirements.txt", "flask\n");
  const auto folder = project.path.string();
  const Case cases[] = {
      {.err = traceback("ModuleNotFoundError: No module named 'six'")},
      {.text = "# /// script\n# dependencies = [\"six\", 'rich>=13']\n# ///\n",
       .err = traceback("ModuleNotFoundError: No module named 'six'")},
      {.err = traceback("ModuleNotFoundError: No module named 'helper'"), .folder = folder},
      {.err = traceback("ModuleNotFoundError: No module named 'flask'"), .folder = folder},
      {.err = traceback("ImportError: attempted relative import with no known parent package"), .folder = folder},
      {.err = traceback("ModuleNotFoundError: No module named 'tool'"), .folder = folder, .command = true},
      {.language = "javascript", .file = "a.js", .err = "Error: Cannot find module 'left-pad'\n"},
      {.language = "javascript", .file = "a.js", .err = "SyntaxError: Cannot use import statement outside a module\n"},
      {.err = "socket.gaierror: [Errno -2] Name or service not known\n"},
      {.err = traceback("EOFError: EOF when reading a line")},
      {.err = "fatal: detected dubious ownership in repository at '/workspaces/x'\n"},
      {.language = "shell", .file = "a.sh", .err = "a.sh: line 1: curl: command not found\n"},
      {.err = "MemoryError\n"},
      {.text = "def test_a(): pass\n", .err = "", .verdict = Verdict::ok},
  };
  for (auto c : cases) {
    c.terms = Terms::flags;
    const auto flags = hints_of(c);
    c.terms = Terms::fields;
    const auto fields = hints_of(c);
    c.terms = Terms::settings;
    const auto settings = hints_of(c);
    INFO(c.err);
    REQUIRE(flags.size() == 1);
    REQUIRE(fields.size() == 1);
    REQUIRE(settings.size() == 1);
    INFO(flags.front() << "\n" << fields.front() << "\n" << settings.front());
    CHECK((flags.front().contains("--") || flags.front().contains(" -e ")));
    CHECK(flags.front() != fields.front());
    CHECK(fields.front() != settings.front());
    for (const auto* others : {&fields, &settings}) {
      CHECK_FALSE(others->front().contains(" --"));
      CHECK_FALSE(others->front().contains("(--"));
      CHECK_FALSE(others->front().contains(" -e "));
    }
    for (const auto* others : {&flags, &fields}) CHECK_FALSE(others->front().contains("dind."));
  }
}

}  // namespace hints_test
