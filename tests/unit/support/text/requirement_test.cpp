#include "support/text/requirement.hpp"

#include <catch2/catch_test_macros.hpp>

namespace requirement_test {

using namespace dind;

namespace {

std::string checked(std::string_view line) { return checked_requirement(line).value_or("refused"); }

std::string why(std::string_view line) {
  const auto result = checked_requirement(line);
  return result ? "taken: " + *result : result.error();
}

}  // namespace

TEST_CASE("A requirement is given to the installer as it is written, without blanks at its ends") {
  for (const char* line :
       {"requests", "flask>=2,<4", "a.b_c-d", "uvicorn[standard]==0.30.1", "x; python_version >= '3.9'", "x (>=1)",
        "six @ https://host/six.zip", "x~=1.0", "--pre", "--only-binary :all:"})
    CHECK(checked(std::string("  ") + line + "\t\r") == line);
}

TEST_CASE("The URL of a wheel gets the name of its package") {
  CHECK(checked("https://h/six-1.16.0-py2.py3-none-any.whl#sha256=ab") ==
        "six @ https://h/six-1.16.0-py2.py3-none-any.whl#sha256=ab");
  CHECK(why("https://h/six.whl").contains("without a package's name"));
  CHECK(why("http://h/six-1.16.0-py3-none-any.whl").contains("does not begin with https://"));
  CHECK(why("git+https://h/x").contains("is a repository"));
}

TEST_CASE("The hashes of a requirement are checked and written in one form") {
  CHECK(checked("x==1 --hash=sha256:ab --hash 'sha512:CD'") == "x==1 --hash=sha256:ab --hash=sha512:CD");
  CHECK(why("x==1 --hash=md5:ab").contains("not sha256:"));
  CHECK(why("x==1 --hash=sha256:xyz").contains("hexadecimal"));
  CHECK(why("x==1 --hash=sha256").contains("not sha256:"));
  CHECK(why("x==1 --config-settings=a").contains("--config-settings=a after the package"));
}

TEST_CASE("A requirement that the installer can't install is refused with the remedy") {
  CHECK(why("").contains("is empty"));
  CHECK(why("./x").contains("names a path"));
  CHECK(why("x.tar.gz").contains("names a path"));
  CHECK(why("a/b").contains("names a path"));
  CHECK(why("x @ file:///x").contains("does not begin with https://"));
  CHECK(why("two words").contains("is not a package's name"));
  CHECK(why("=1").contains("does not begin with a package's name"));
  CHECK(why("x==${TOKEN}").contains("names a variable"));
  CHECK(why("x\x01").contains("control character"));
  CHECK(why(std::string(513, 'x')).contains("longer than 512 bytes"));
  CHECK(why("x --hash=sha256:" + std::string(64 << 10, 'a')).contains("longer than 64 KiB"));
}

TEST_CASE("Unsupported installer options are refused with the reason, and supported options are accepted") {
  CHECK(why("-i https://h/").contains("PIP_INDEX_URL"));
  CHECK(why("--extra-index-url=https://h/").contains("PIP_INDEX_URL"));
  CHECK(why("-e .").contains("editable"));
  CHECK(why("-r other.txt").contains("names another file"));
  CHECK(why("--no-deps").contains("is an option of the installer"));
  CHECK(why("--only-binary").contains("is an option of the installer"));
  CHECK(checked("--prefer-binary   --no-binary=x") == "--prefer-binary --no-binary=x");
}

TEST_CASE("A line with an option is recognized, because an installer reads options only from a file") {
  CHECK(has_option("--pre"));
  CHECK(has_option("x==1 --hash=sha256:ab"));
  CHECK_FALSE(has_option("x-y>=1"));
}

}  // namespace requirement_test
