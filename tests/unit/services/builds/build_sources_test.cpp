#include "services/builds/build_sources.hpp"

#include <catch2/catch_test_macros.hpp>

namespace build_sources_test {

using namespace dind;

namespace {

using Names = std::vector<std::string>;

// Calls image_sources() until every image is known.
Result<Names> sources(const std::string& text, KnownImages known = {}, SourceRules rules = {}) {
  const auto dockerfile = read_dockerfile(text);
  while (true) {
    auto found = image_sources(dockerfile, known, rules);
    if (!found) return found;
    bool news = false;
    for (const auto& each : *found) news = known.try_emplace(each).second || news;
    if (!news) return found;
  }
}

void check_refused(const std::string& text, const std::string& words, KnownImages known = {}, SourceRules rules = {}) {
  INFO(text);
  const auto found = sources(text, std::move(known), rules);
  REQUIRE(!found);
  CHECK(found.error().code == ErrorCode::invalid_request);
  CHECK(found.error().message.contains(words));
}

const SourceRules kBuildkit{.buildkit = true, .remote = false};

}  // namespace

TEST_CASE("The image sources of a Dockerfile are all images that its instructions name") {
  struct Case {
    const char* text;
    Names images;
    bool buildkit = false;
  };
  const Case cases[] = {
      {"FROM a:1\nRUN x", {"a:1"}},
      {"# FROM no\nfrom a\n", {"a"}},
      {"FROM --platform=$BUILDPLATFORM a AS build\nFROM build\nFROM b\nFROM B", {"a", "b", "B"}},
      {"FROM scratch", {}},
      {"ARG V=3.11\nFROM python:${V}-slim", {"python:3.11-slim"}},
      {"ARG V='3.11'\nARG N=python:$V\nFROM $N", {"python:3.11"}},
      {"FROM python:${V:-3.12}", {"python:3.12"}},
      {"ARG V=1\nFROM python${V:+:3.12}", {"python:3.12"}},
      {"ARG V\nFROM python:${V:-${W:-3}}", {"python:3"}},
      {"FROM \"a\"", {"a"}},
      {"# escape=`\nARG X=a\nFROM `\n  $X", {"a"}},
      {"FROM \\\n# comment\n\n  a\r\n", {"a"}},
      {"RUN echo FROM b", {}},
      {"FROM", {}},
      {"FROM $UNKNOWN\nFROM b", {"b"}},  // empty: the builder reports an error and pulls nothing
      {"FROM ${x:-}", {}},
      {"", {}},
      {"FROM a AS one\nCOPY --from=one x y\nCOPY --from=0 x y\nCOPY --from=r.example/b:2 x y", {"a", "r.example/b:2"}},
      {"FROM a\nCOPY --from=A x y", {"a", "A"}},
      {"FROM a\nRUN --mount=type=bind,from=b,target=/b x", {"a"}},
      {"FROM a\nRUN --mount=type=bind,from=b,target=/b --mount=type=cache,target=/c --mount=\"from=d\",target=/x x",
       {"a", "b", "d"},
       true},
      {"# syntax=docker/dockerfile:1\nFROM a", {"a"}},
      {"# syntax=docker/dockerfile:1\nFROM a", {"a", "docker/dockerfile:1"}, true},
      {"FROM a\nRUN python <<E\nfrom os import path\nE\n", {"a"}, true},
      {"FROM a\nRUN true <<CMD\nCOPY --from=b x y\nCMD\n", {"a", "b"}},  // without here-documents, it is a COPY
      {"FROM a AS x\nONBUILD COPY --from=b x y\nFROM x", {"a", "b"}},
      {"FROM a\nONBUILD COPY --from=b x y\n", {"a"}},  // ONBUILD has no effect in this build
  };
  for (const auto& each : cases) {
    INFO(each.text);
    const auto found = sources(each.text, {}, {.buildkit = each.buildkit, .remote = false});
    REQUIRE(found);
    CHECK(*found == each.images);
  }
}

TEST_CASE("The ENV and ONBUILD of a base image are checked as if they were in the Dockerfile") {
  const KnownImages known{{"a", {.env = {{"V", "http://x"}}, .on_build = {"COPY --from=b x y"}, .arch = "amd64"}}};
  CHECK(sources("FROM a", known) == Names{"a", "b"});
  check_refused("FROM a", "ADD http://x/f", {{"a", {.env = {}, .on_build = {"ADD http://x/f /"}, .arch = {}}}});
  check_refused("FROM a", "ADD $V", {{"a", {.env = {{"V", "http://x"}}, .on_build = {"ADD $V /"}, .arch = {}}}});
  // The image's variables override an ARG.
  check_refused("FROM a\nARG V=file\nADD $V /", "ADD $V", known);
  CHECK(sources("FROM a\nENV V=file\nADD $V /", known));
}

TEST_CASE("A Dockerfile is rejected if one of its images is not known before the build") {
  check_refused("FROM ${x", "FROM ${x");
  check_refused("FROM a-$TARGETARCH", "not known", {}, kBuildkit);
  check_refused("ARG TARGETARCH=x\nFROM a-$TARGETARCH", "not known", {}, kBuildkit);
  check_refused("ARG A=a\nARG A=b\nFROM $A", "not known");
  check_refused("FROM ${A%x}", "not known");
  check_refused("FROM a\nARG B=c\nCOPY --from=$B x y", "COPY --from=$B");
  check_refused("FROM a\nRUN --mount=type=bind,from=$B,target=/x y", "$B", {}, kBuildkit);
  check_refused("FROM --platform=linux/arm64 a", "--platform", {{"a", {.env = {}, .on_build = {}, .arch = "amd64"}}});
  CHECK(sources("FROM --platform=linux/amd64 a", {{"a", {.env = {}, .on_build = {}, .arch = "amd64"}}}));
}

TEST_CASE("An ADD from a URL or Git is rejected, however it is written; the error has its line and a remedy") {
  for (const char* add : {
           "ADD http://x/f /",
           "add HTTPS://x/f /",
           "ADD a http://x/f b /",
           "ADD --chown=1:1 http://x/f /",
           R"(ADD ["http://x/f", "/"])",
           R"(ADD ["\u0068ttp://x/f", "/"])",
           "ADD \"http://x/f\" /",
           "ADD ht\"tp://x/f\" /",
           "ADD ht\\tp://x/f /",
           "ADD \\\n\n# c\n http:\\\n//x/f /",
           "ADD git@github.com:x/y.git /",
           "ADD user@host:x.git /",
           "ADD github.com/x/y /",
           "ADD git://x/y /",
           "ADD ssh://x/y /",
           "ENV U=http://x\nADD $U /",
           "ENV U http://x\nADD $U/f /",
           "ARG U=http://x\nADD ${U} /",
           "ARG A=ht\nARG B=tp://x\nADD $A$B /",
           "ADD ${U:-http://x} /",
           "ENV A=1\nADD ${A:+http://x} /",
           "ADD $HTTP_PROXY /",
           "ADD x${U%y} /",
           "ENV \"A B\"=c\nADD $Q /",
           "RUN true <<CMD\nADD http://x /\nCMD",
       }) {
    check_refused("FROM a\n" + std::string(add) + "\n", "ADD ");
    CHECK(sources("FROM a\n" + std::string(add) + "\n", {}, {.buildkit = false, .remote = true}));
  }
  check_refused("FROM a AS x\nONBUILD ADD http://x /\nFROM x", "ADD http://x");
  check_refused("FROM a AS x\nONBUILD ENV V=http://x\nFROM x\nARG V=f\nADD $V /", "ADD $V");
  check_refused("# escape=`\nFROM a\nADD ht`tp://x /", "ADD ");
  check_refused("ARG U=http://x\nFROM a\nARG U\nADD $U /", "build.remoteSources");
  check_refused("FROM a\nRUN x\nADD http://x/f /\n", "Line 3 of the Dockerfile");
  check_refused("FROM a\nADD http://x/f /\n", "RUN curl");
  check_refused("FROM a AS x\nENV V=f\nFROM b AS x\nENV V=http://x\nFROM x\nADD $V /", "ADD $V");
}

TEST_CASE("A build runs a program only if its Dockerfile or an ONBUILD has a RUN") {
  const auto runs = [](const std::string& text, const KnownImages& known = {}) {
    return runs_something(read_dockerfile(text), known);
  };
  CHECK(!runs("FROM a\nCOPY . /x\nCMD [\"run\"]\n"));
  CHECK(!runs("FROM a\nLABEL x=\"RUN y\"\n# RUN z\n", {{"a", {.env = {}, .on_build = {"COPY . /y"}, .arch = {}}}}));
  CHECK(runs("FROM a\nRUN x\n"));
  CHECK(runs("FROM a\n  run x\n"));
  CHECK(runs("FROM a AS b\nONBUILD RUN x\nFROM b\n"));
  CHECK(runs("# escape=`\nFROM a\nRUN x\n"));
  CHECK(runs("FROM a\nCOPY . /x\n", {{"a", {.env = {}, .on_build = {"COPY . /y", "RUN z"}, .arch = {}}}}));
}

TEST_CASE("A syntax frontend that is not Docker's own is rejected if BuildKit would run it") {
  check_refused("# syntax=evil/frontend\nFROM a", "build.remoteSources", {}, kBuildkit);
  check_refused("# syntax=r.example/docker/dockerfile\nFROM a", "syntax", {}, kBuildkit);
  CHECK(sources("# syntax=evil/frontend\nFROM a") == Names{"a"});
  CHECK(sources("# syntax=evil/frontend\nFROM a", {}, {.buildkit = true, .remote = true}) ==
        Names{"a", "evil/frontend"});
}

TEST_CASE("An ADD from the context is allowed, whatever the file's name is") {
  for (const char* add :
       {"ADD . /", "ADD a.tar.gz b /", "ADD ./$X /", "ADD dir/$X /", "ENV V=1.0\nADD app-$V.tgz /",
        "ARG V=1.0\nADD app-${V}.tgz /", "ADD $UNSET /", "ADD a@b /", "ADD x:y /", "COPY http://x /",
        "RUN echo ADD http://x /", "ADD <<EOF /x\nADD http://x y\nhello\nEOF", "# ADD http://x /", "ADD a http://x"}) {
    INFO(add);
    const auto found = sources("FROM a\n" + std::string(add) + "\n");
    CHECK(found);
  }
}

TEST_CASE("A Dockerfile with very many stages is rejected quickly") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "FROM scratch AS s" + std::to_string(i) + "\n";
  check_refused(text, "build it in parts");
}

TEST_CASE("An ARG gets the value that --build-arg gives it") {  // B08
  const auto images = [](const std::string& text, std::map<std::string, std::string> arguments, bool buildkit = false) {
    return sources(text, {}, {.buildkit = buildkit, .remote = false, .arguments = std::move(arguments)});
  };
  CHECK(images("ARG V\nFROM python:$V", {{"V", "3.12"}}) == Names{"python:3.12"});
  CHECK(images("ARG V=3.9\nFROM python:$V", {{"V", "3.12"}}) == Names{"python:3.12"});
  CHECK(images("ARG V=3.9\nFROM python:$V", {{"W", "3.12"}}) == Names{"python:3.9"});
  CHECK(images("FROM python:${V:-3.9}", {{"V", "3.12"}}) == Names{"python:3.9"});  // no ARG declares V
  for (const char* text : {"FROM a\nARG U\nADD $U /", "FROM a\nARG U=f\nADD $U /", "ARG U\nFROM a\nARG U\nADD $U /"}) {
    INFO(text);
    CHECK_FALSE(images(text, {{"U", "http://x/f"}}));
    CHECK(images(text, {{"U", "./f"}}));
  }
  CHECK_FALSE(images("FROM a", {{"BUILDKIT_SYNTAX", "their/frontend"}}, true));
  CHECK(images("FROM a", {{"BUILDKIT_SYNTAX", "docker/dockerfile:1"}}, true) == Names{"a", "docker/dockerfile:1"});
  CHECK(images("FROM a", {{"BUILDKIT_SYNTAX", "their/frontend"}}, false) == Names{"a"});
}

TEST_CASE("An image name that is invalid without a build argument is rejected with a remedy") {  // B08
  for (const bool buildkit : {false, true})
    for (const char* text : {"ARG V\nFROM debian:${V}", "FROM debian:$V", "ARG R\nFROM $R/base", "FROM a\nFROM ${R}/x"})
      check_refused(text, "a value (\"buildArgs\")", {}, {.buildkit = buildkit});
  check_refused("ARG V\nFROM debian:$V", "a value (--build-arg NAME=VALUE)", {}, {.terms = Terms::flags});  // I19
  check_refused("ARG V\nFROM debian:${V}", "it becomes \"debian:\", which is not the name of an image");
  CHECK(sources("ARG V\nFROM debian:${V}", {}, {.arguments = {{"V", "12"}}}) == Names{"debian:12"});
  CHECK(sources("ARG S\nFROM debian:12$S") == Names{"debian:12"});
  CHECK(sources("ARG S=One\nFROM a AS One\nFROM $S") == Names{"a"});
}

TEST_CASE("Only the stages that the target needs are checked") {  // B08
  const std::string text = "FROM a AS one\nFROM b AS Two\nCOPY --from=one x y\nFROM c\nADD http://x /\n";
  const auto images = [&](std::string target) {
    return sources(text, {}, {.buildkit = false, .remote = false, .target = std::move(target)});
  };
  CHECK(images("one") == Names{"a"});
  CHECK(images("two") == Names{"a", "b"});
  CHECK(images("1") == Names{"a", "b"});
  for (const char* none : {"", "three", "9", "2"}) CHECK_FALSE(images(none));
}

TEST_CASE("BuildKit's platform variables have the engine's values") {  // B07
  const SourceRules rules{.buildkit = true, .remote = false, .os = "linux", .arch = "amd64"};
  const KnownImages known{{"a", {.env = {}, .on_build = {}, .arch = "amd64"}}};
  for (const char* platform : {"${BUILDPLATFORM:-linux/amd64}", "$BUILDPLATFORM", "linux/$TARGETARCH",
                               "$TARGETOS/$BUILDARCH", "linux/amd64"}) {
    INFO(platform);
    CHECK(sources("FROM --platform=" + std::string(platform) + " a\n", known, rules) == Names{"a"});
  }
  for (const char* platform : {"x86_64", "linux/x86_64", "x86-64", "Linux/X86_64"})
    CHECK(sources("FROM --platform=" + std::string(platform) + " a\n", known, rules) == Names{"a"});
  CHECK(sources("FROM --platform=aarch64 a\n", {{"a", {.env = {}, .on_build = {}, .arch = "arm64"}}}, rules));
  for (const char* platform : {"linux/arm64", "linux/$TARGETVARIANT", "aarch64", "linux/i386", "linux/x86_64x"})
    check_refused("FROM --platform=" + std::string(platform) + " a\n", "amd64", known, rules);
  CHECK(sources("FROM tool:$TARGETARCH", {}, rules) == Names{"tool:amd64"});
  CHECK(sources("FROM a\nARG TARGETARCH\nADD ./tool-$TARGETARCH /", known, rules));
  CHECK(sources("FROM a\nARG TARGETARCH\nADD $TARGETARCH /", known, rules));
  check_refused("FROM a\nARG TARGETVARIANT\nADD $TARGETVARIANT /", "ADD", known, rules);
  check_refused("FROM a\nARG TARGETARCH=http://x\nADD $TARGETARCH /", "ADD", known, rules);
  check_refused("FROM tool:$TARGETARCH", "not known", {}, kBuildkit);  // an engine that does not report its platform
  SourceRules given = rules;
  given.arguments = {{"TARGETARCH", "arm64"}};
  CHECK(sources("FROM tool:$TARGETARCH", {}, given) == Names{"tool:arm64"});
}

TEST_CASE("Without BuildKit, an image name with a BuildKit variable is rejected before any pull") {  // B06
  for (const char* text :
       {"FROM base-${TARGETARCH}", "FROM base-$TARGETARCH", "FROM base:${BUILDARCH}", "FROM $TARGETOS/base",
        "ARG TARGETARCH\nFROM base-$TARGETARCH", "ARG BASE=base-${TARGETARCH}\nFROM ${BASE}",
        "ARG A=$TARGETARCH\nARG B=x-$A\nFROM b:$B", "FROM ${BASE:-base-$TARGETARCH}",
        "FROM \"base-$TARGETARCH\" AS one", "FROM a\nFROM base-${TARGETARCH}"}) {
    check_refused(text, "only BuildKit sets it: set DOCKER_BUILDKIT=1 (build.builder)");
    check_refused(text, "a value (\"buildArgs\")");
    INFO(text);
    CHECK(sources(text, {}, {.buildkit = true, .remote = false, .os = "linux", .arch = "amd64"}));
  }
  check_refused("FROM a\nFROM base-${TARGETARCH}", "Line 2");
  const auto classic = [](const std::string& text, std::map<std::string, std::string> arguments = {},
                          std::string target = {}) {
    INFO(text);
    return sources(text, {}, {.arguments = std::move(arguments), .target = std::move(target)});
  };
  CHECK(classic("FROM base-${TARGETARCH:-amd64}") == Names{"base-amd64"});
  CHECK(classic("FROM base${TARGETARCH:+-slim}") == Names{"base"});
  CHECK(classic("ARG TARGETARCH=arm64\nFROM base-$TARGETARCH") == Names{"base-arm64"});
  CHECK(classic("ARG TARGETARCH\nFROM base-$TARGETARCH", {{"TARGETARCH", "arm64"}}) == Names{"base-arm64"});
  check_refused("FROM base-$TARGETARCH", "ARG TARGETARCH", {}, {.arguments = {{"TARGETARCH", "arm64"}}});
  CHECK(classic("FROM base$TARGETVARIANT") == Names{"base"});  // it is empty with BuildKit too
  CHECK(classic("FROM base$SUFFIX") == Names{"base"});
  CHECK(classic("FROM a AS one\nFROM base-$TARGETARCH", {}, "one") == Names{"a"});
}

TEST_CASE("An ENV with an invalid variable name leaves the other variables known") {  // B14
  for (const char* name : {"my-var", "my.var", "1st", "é"}) {
    INFO(name);
    CHECK(sources("FROM a\nENV F=./x\nENV " + std::string(name) + "=1\nADD $F /\nADD f /"));
    CHECK(sources("FROM a\nENV F=f\nENV " + std::string(name) + " 1\nADD $F /"));
  }
  for (const char* name : {"$X", "\"F\"", "F\\", "'F'"}) {
    INFO(name);
    CHECK_FALSE(sources("FROM a\nENV X=F\nENV F=f\nENV " + std::string(name) + "=http://x\nADD $F /"));
  }
}

TEST_CASE("Variables of a Dockerfile that exceed a bound are unknown and take no more memory") {  // S06
  const auto check_unknown = [](const std::string& text) {
    INFO(text.substr(0, 60));
    const auto found = sources(text + "\nADD $LAST /x\n");
    REQUIRE(!found);
    CHECK(found.error().message.contains("may become an address"));
  };
  const auto repeated = [](int count, auto line) {
    std::string text;
    for (int i = 0; i < count; ++i) text += line(i);
    return text;
  };
  const std::string large = "FROM scratch\nENV B=" + std::string(65'000, 'x') + '\n';
  const auto each = [](int i) { return "ENV a" + std::to_string(i) + "=$B\n"; };
  CHECK(sources(large + repeated(50, each) + "ENV LAST=$B\nADD $LAST /x\n"));
  check_unknown(large + repeated(3000, each) + "ENV LAST=./x");
  check_unknown(large + repeated(3000, [](int i) { return "ARG a" + std::to_string(i) + "=$B\n"; }) + "ARG LAST=./x");
  check_unknown(large + "ENV" + repeated(3000, [](int i) { return " a" + std::to_string(i) + "=$B"; }) +
                "\nENV LAST=./x");
  check_unknown("FROM scratch AS b\nENV A=" + std::string(500'000, 'x') + "\n" +
                repeated(400, [](int) { return "FROM b AS b\n"; }) + "ENV LAST=./x");
  check_unknown("FROM scratch\nENV" + repeated(60'000, [](int i) { return " a" + std::to_string(i) + "=1"; }) +
                "\nENV LAST=./x");
  // The expansion of words is bounded as well: here, one word has 100,000 variables.
  check_unknown(large + "ADD ./" + repeated(100'000, [](int) { return "$B"; }) + " /x\nENV LAST=./x");
  const auto refused =
      sources("ARG B=" + std::string(65'000, 'x') + '\n' +
              repeated(3000, [](int i) { return "ARG a" + std::to_string(i) + "=$B\n"; }) + "ARG LAST=a\nFROM $LAST\n");
  REQUIRE(!refused);
  CHECK(refused.error().message.contains("not known before the build"));
}

TEST_CASE("The time to read a Dockerfile depends only on its size") {  // S06: each of these took minutes
  const auto repeated = [](int count, const std::string& piece) {
    std::string text;
    for (int i = 0; i < count; ++i) text += piece;
    return text;
  };
  CHECK(sources("FROM a\nRUN --mount=" + repeated(1'000'000, ",") + " x\n", {}, kBuildkit));
  const auto many = sources("FROM scratch AS a\n" + repeated(40'000, "ONBUILD RUN x\n") + repeated(400, "FROM a\n"));
  REQUIRE(!many);
  CHECK(many.error().message.contains("500000 steps"));
  CHECK(read_dockerfile("# escape=`\n" + repeated(40'000, "# escape=\\\n") + "FROM a\nX y\n").readings.size() == 1);
}

}  // namespace build_sources_test
