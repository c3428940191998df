#include "support/text/requirements.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "support/text/requirement.hpp"

namespace requirements_test {

using namespace dind;
using Lines = std::vector<std::string>;

namespace {

using Files = std::map<std::string, std::string>;

Result<Requirements> read(const Files& files, const std::string& path = "requirements.txt") {
  return read_requirements(path, [&](const std::string& name) -> Result<std::string> {
    if (const auto found = files.find(name); found != files.end()) return found->second;
    return fail(ErrorCode::not_found, "There is no file " + name);
  });
}

Lines lines_of(const std::string& text) {
  const auto found = read({{"requirements.txt", text}});
  INFO((found ? "" : found.error().message));
  REQUIRE(found);
  return found->lines;
}

void check_refused(const std::string& text, const std::string& place, const std::string& said) {
  const auto found = read({{"requirements.txt", text}});
  REQUIRE_FALSE(found);
  const auto& message = found.error().message;
  INFO(message);
  CHECK(message.starts_with(place + ": "));
  CHECK(message.contains(said));
  CHECK(message.contains("; "));  // the remedy
  CHECK_FALSE(message.contains('\n'));
}

constexpr const char* kHash = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254";

std::string utf16(std::string_view text, bool big_endian) {
  std::string bytes = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) big_endian ? bytes.append(1, '\0') += c : (bytes += c).append(1, '\0');
  return bytes;
}

}  // namespace

TEST_CASE("P06: the lines of a requirements file are those that pip reads") {
  const std::string hashed = "six==1.16.0 --hash=" + std::string(kHash);
  struct Case {
    std::string text;
    Lines expected;
  };
  const Case cases[] = {
      {"six==1.16.0 \\\n    --hash=" + std::string(kHash) + "\n", {hashed}},
      {"six==1.16.0 --hash " + std::string(kHash), {hashed}},
      {"six==1.16.0 \\\r\n  --hash=" + std::string(kHash) + " \\\r\n  --hash=sha512:ab\r\n",
       {hashed + " --hash=sha512:ab"}},
      {"\xEF\xBB\xBFsix==1.16.0\r\n", {"six==1.16.0"}},
      {utf16("six==1.16.0\r\nrequests\r\n", false), {"six==1.16.0", "requests"}},
      {utf16("six==1.16.0\r\n", true), {"six==1.16.0"}},
      {"six==1.16.0\t# note\n", {"six==1.16.0"}},
      {"\t# a tab before a comment\nsix==1.16.0\n", {"six==1.16.0"}},
      {"six \\\n  ==1.16.0\n", {"six   ==1.16.0"}},
      {"six \\\n# a comment ends it\nrequests", {"six", "requests"}},
      {"six==1 \\", {"six==1"}},
      {"\rsix\r\rrequests\r", {"six", "requests"}},
      {"  six\n\n   \n", {"six"}},
      {"a @ https://host/a.tar.gz#egg=a\n", {"a @ https://host/a.tar.gz#egg=a"}},
      {"uvicorn[standard]>=0.30 ; python_version >= '3.8' and sys_platform == 'linux'",
       {"uvicorn[standard]>=0.30 ; python_version >= '3.8' and sys_platform == 'linux'"}},
      {"https://host/p/six-1.16.0-py2.py3-none-any.whl", {"six @ https://host/p/six-1.16.0-py2.py3-none-any.whl"}},
      {"--pre\n--only-binary :all:\n--no-binary=six --prefer-binary\nsix",
       {"--pre", "--only-binary :all:", "--no-binary=six --prefer-binary", "six"}},
      {"--require-hashes\n", {"--require-hashes"}},
      {"# nothing\n", {}},
  };
  for (const auto& c : cases) {
    INFO(c.text);
    CHECK(lines_of(c.text) == c.expected);
  }
}

TEST_CASE("P06: files that a requirements file includes are read relative to it") {
  const Files files{
      {"requirements.txt", "-r requirements/base.txt\nflask\n-c constraints.txt\n"},
      {"requirements/base.txt", "--requirement=more.txt\n--requirement \"../last.txt\"\n-rmore.txt\nsix\n"},
      {"requirements/more.txt", "-r base.txt\nrequests\n"},
      {"last.txt", "attrs\n"},
      {"constraints.txt", "urllib3<2\n"}};
  const auto found = read(files);
  REQUIRE(found);
  CHECK(found->lines == Lines{"requests", "attrs", "six", "flask"});
  CHECK(found->constraints == Lines{"urllib3<2"});
  const auto missing = read({{"requirements.txt", "six\n-r none.txt\n"}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.starts_with("requirements.txt, line 2: "));
  CHECK(missing.error().message.contains("none.txt"));
  for (const auto code : {ErrorCode::not_found, ErrorCode::invalid_request}) {  // a folder, a pipe, a large file
    const auto unreadable = read_requirements("requirements.txt", [&](const std::string& path) -> Result<std::string> {
      if (path == "requirements.txt") return "six\n\n-r sub/dd\n";
      return fail(code, path + " is a directory");
    });
    REQUIRE_FALSE(unreadable);
    CHECK(unreadable.error().message == "requirements.txt, line 3: sub/dd is a directory");
  }
  const auto nested = read({{"requirements.txt", "-r a.txt"}, {"a.txt", "\n\n-e .\n"}});
  REQUIRE_FALSE(nested);
  CHECK(nested.error().message.starts_with("a.txt, line 3: "));
}

TEST_CASE("P06: a line that can't be supported is refused with file, line and remedy") {
  struct Case {
    std::string line;
    std::string said;
  };
  const Case cases[] = {{"--index-url https://host/simple", "PIP_INDEX_URL"},
                        {"-i https://host/simple", "PIP_INDEX_URL"},
                        {"--extra-index-url=https://host/simple", "PIP_INDEX_URL"},
                        {"--find-links ./wheels", "PIP_INDEX_URL"},
                        {"--trusted-host host", "PIP_INDEX_URL"},
                        {"-e .", "editable"},
                        {"--editable=git+https://host/x", "editable"},
                        {".", "path"},
                        {"./wheels/six-1.16.0-py3-none-any.whl", "path"},
                        {"/srv/six", "path"},
                        {"git+https://host/x@v1#egg=x", "repository"},
                        {"x @ git+https://host/x", "repository"},
                        {"x @ file:///srv/x", "https://"},
                        {"http://host/six-1.16.0-py3-none-any.whl", "https://"},
                        {"https://host/six-1.16.0.tar.gz", "NAME @ https://"},
                        {"six==1.16.0 --hash=md5:00", "sha256"},
                        {"six==1.16.0 --hash=sha256:xyz", "sha256"},
                        {"six==1.16.0 --config-settings=a=b", "--config-settings"},
                        {"six --global-option=x", "--global-option"},
                        {"--no-such-option", "option of the installer"},
                        {"a @ https://host/${TOKEN}/a.tar.gz", "variable"},
                        {"six requests", "package's name"},
                        {"foo-1.0-py3-none-any.whl", "path"},
                        {"foo-1.0.tar.gz", "path"},
                        {"foo.zip", "path"},
                        {"bad[", "no ] after its extras"},
                        {"six[a b]", "an extra that is not a name"},
                        {"six==", "no version after"},
                        {"six==${lower}", "not valid"},
                        {"six>1,,<2", "two commas"},
                        {"six (>=1", "no ) after its versions"},
                        {"six>=1 <2", "not valid"},
                        {"six; foo == \"1\"", "marker"},
                        {"six; python_version", "marker"},
                        {"six; python_version == '3", "marker"},
                        {"six; (python_version == '3'", "marker"},
                        {"six; python_version > '3' and", "marker"},
                        {"six;", "marker"},
                        {"a @ https://host/a.zip ; nonsense", "marker"},
                        {"-r https://host/more.txt", "not a file beside it"},
                        {std::string("six\0x", 5), "control character"}};
  for (const auto& c : cases) {
    INFO(c.line);
    check_refused(c.line, "requirements.txt, line 1", c.said);
    check_refused("# first\nsix \\\n  ==1.0\n" + c.line + "\nflask\n", "requirements.txt, line 4", c.said);
  }
}

TEST_CASE("P06: a client's list of packages may contain the lines of a requirements file") {
  const Lines items{"# what it needs", "",       "six==1.16.0 \\", "    --hash=" + std::string(kHash),
                    "flask>=2\t# web", "attrs\r"};
  const auto read = read_requirement_items(items);
  REQUIRE(read);
  CHECK(*read == Lines{"six==1.16.0 --hash=" + std::string(kHash), "flask>=2", "attrs"});
  CHECK(read_requirement_items(*read) == *read);
  CHECK(read_requirement_items({"\xEF\xBB\xBFsix==1.16.0", "attrs"}) == Lines{"six==1.16.0", "attrs"});
  for (const char* right :
       {"flask[async,dotenv]>=2,<4", "six ( >=1.0, <2 )", "six===any", "torch==2.0+cpu", "six == 1.*", "six[]",
        "six; python_version < '3.9' and (sys_platform == \"linux\" or os.name != 'nt')",
        "six ; 'x' in platform_version", "six; python_version not in '2.7 3.0'", "six; extra == 'dev'",
        "a @ https://host/a.zip;b ; os_name=='posix'"}) {
    INFO(right);
    CHECK(read_requirement_items({right}));
  }
  const auto refused = read_requirement_items({"six", "-r more.txt"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("dependency 2 of 2"));
  CHECK_FALSE(read_requirement_items({""}));
  CHECK_FALSE(read_requirement_items({"x\ny"}));
  CHECK(has_option("six --hash=sha256:00"));
  CHECK(has_option("--pre"));
  CHECK_FALSE(has_option("a-b--c>=1"));
}

}  // namespace requirements_test
