#include "services/builds/build_notes.hpp"

#include <catch2/catch_test_macros.hpp>

namespace build_notes_test {

using namespace dind;

namespace {

std::string joined(const std::vector<std::string>& notes) {
  std::string text;
  for (const auto& note : notes) text += note + "\n";
  return text;
}

std::string failed(const std::string& text, BuildCircumstances how, const std::string& message,
                   const std::string& words = "") {
  return joined(failed_build_notes(read_dockerfile(text), how, message, words));
}

}  // namespace

TEST_CASE("A note names each feature that only BuildKit has, with its line and what to do") {  // B06
  struct Case {
    const char* text;
    const char* note;
  };
  constexpr Case kCases[] = {
      {"FROM a\n\nRUN \\\n --mount=type=cache,target=/x y\n", "line 3 has RUN --mount"},
      {"FROM a\nRUN --network=none y\n", "line 2 has RUN --network"},
      {"FROM a\nRUN --security=insecure y\n", "line 2 has RUN --security"},
      {"FROM a\nCOPY --link x y\n", "line 2 has COPY --link"},
      {"FROM a\nCOPY --chmod=755 x y\n", "line 2 has COPY --chmod"},
      {"FROM a\nCOPY --parents x y\n", "line 2 has COPY --parents"},
      {"FROM a\nCOPY --exclude=*.md x y\n", "line 2 has COPY --exclude"},
      {"FROM a\nADD --checksum=sha256:x y z\n", "line 2 has ADD --checksum"},
      {"FROM a\nADD --keep-git-dir=true y z\n", "line 2 has ADD --keep-git-dir"},
      {"FROM --platform=$BUILDPLATFORM a\n", "line 1 uses BUILDPLATFORM"},
      {"FROM --platform=${TARGETPLATFORM} a\n", "line 1 uses TARGETPLATFORM"},
      {"FROM a:${TARGETARCH:-x}\n", "line 1 uses TARGETARCH"},
      {"FROM --platform=$BUILDPLATFORM a\n", "write \"ARG BUILDPLATFORM\" before the first FROM"},
      {"FROM a\nHEALTHCHECK --start-interval=1s CMD x\n", "line 2 has HEALTHCHECK --start-interval"},
  };
  for (const auto& each : kCases) {
    INFO(each.text);
    const auto notes = failed(each.text, {}, "x");
    CHECK(notes.contains(each.note));
    CHECK(notes.contains("DOCKER_BUILDKIT=1"));
    CHECK_FALSE(failed(each.text, {.buildkit = true}, "x").contains("DOCKER_BUILDKIT"));
  }
  for (const char* plain :
       {"FROM a\nRUN x <y\n", "FROM a\nCOPY --from=b --chown=1 x y\n", "FROM a\nRUN echo $TARGETARCH\n"})
    CHECK(failed(plain, {}, "x").empty());
}

TEST_CASE("A here-document is rejected for the classic builder, which might run an empty command") {  // B06
  for (const char* text : {"FROM a\nRUN <<EOT\nset -e\nEOT\n", "FROM a\nCOPY <<-'EOF' /x\n\ty\n\tEOF\n"}) {
    const auto refused = not_for_this_builder(read_dockerfile(text), {}, "Dockerfile.dev");
    REQUIRE(refused);
    CHECK(refused->message.contains("Dockerfile.dev: line 2 has a here-document (<<), which only BuildKit builds"));
    CHECK(refused->message.contains("DOCKER_BUILDKIT=1"));
    CHECK_FALSE(not_for_this_builder(read_dockerfile(text), {.buildkit = true}, "Dockerfile.dev"));
  }
  CHECK_FALSE(not_for_this_builder(read_dockerfile("FROM a\nRUN x <y <<<z\n"), {}, "Dockerfile"));
  CHECK_FALSE(not_for_this_builder(read_dockerfile("FROM a\nRUN echo $((1 <<2))\nCMD x\n"), {}, "Dockerfile"));
  const auto later = read_dockerfile("FROM a AS one\nRUN x\nFROM b\nRUN <<EOT\nx\nEOT\n");
  CHECK(not_for_this_builder(later, {}, "Dockerfile"));
  CHECK(not_for_this_builder(later, {}, "Dockerfile", 2));
  CHECK_FALSE(not_for_this_builder(later, {}, "Dockerfile", 1));  // --target one
}

TEST_CASE("A note names each declared variable that only BuildKit sets, even if the build succeeds") {  // B06
  const auto notes = [](const std::string& text, BuildCircumstances how = {}) {
    return joined(build_notes(read_dockerfile(text), how));
  };
  CHECK(notes("FROM a\nARG TARGETARCH\n").contains("line 2 declares TARGETARCH, which only BuildKit sets"));
  CHECK(notes("FROM a\nARG A TARGETOS\n").contains("TARGETOS"));
  CHECK(notes("FROM a\nARG TARGETARCH=amd64\n").empty());
  CHECK(notes("FROM a\nARG TARGETARCH\n", {.arguments = {{"TARGETARCH", "arm64"}}}).empty());
  CHECK(notes("FROM a\nARG TARGETARCH\n", {.buildkit = true}).empty());
  CHECK(notes("FROM a\nARG TARGET\n").empty());
  CHECK(notes("ARG TARGETARCH=x\nFROM a\nARG TARGETARCH\n").empty());
  CHECK(notes("ARG TARGETOS=x\nFROM a\nARG TARGETARCH\n").contains("line 3 declares TARGETARCH"));
  CHECK(notes("FROM a\nARG TARGETARCH=x\nFROM a\nARG TARGETARCH\n").contains("line 4 declares TARGETARCH"));
}

TEST_CASE("A note names the build arguments that no ARG declares") {  // B08
  const auto note = [](const std::string& text, std::map<std::string, std::string> arguments, bool buildkit = false,
                       const std::vector<std::string>& on_build = {}) {
    return unused_arguments_note(read_dockerfile(text), {.buildkit = buildkit, .arguments = std::move(arguments)},
                                 on_build);
  };
  CHECK(note("FROM a\nARG VERSION\n", {{"VERSOIN", "1"}}).contains("no ARG names VERSOIN"));
  CHECK(note("FROM a\n", {{"A", "1"}, {"B", "1"}, {"C", "1"}, {"D", "1"}})
            .contains("arguments were not used: no ARG names A, B, C, …"));
  for (const char* text : {"ARG V\nFROM a:$V\n", "FROM a\nARG X=1 V=2\n", "FROM a\nONBUILD ARG V\n"})
    CHECK(note(text, {{"V", "1"}}).empty());
  CHECK(note("FROM a\n", {{"V", "1"}}, false, {"ARG V"}).empty());
  for (const char* proxy : {"http_proxy", "HTTPS_PROXY", "no_proxy"}) CHECK(note("FROM a\n", {{proxy, "1"}}).empty());
  for (const char* automatic : {"TARGETARCH", "BUILDKIT_INLINE_CACHE"}) {
    CHECK(note("FROM a\n", {{automatic, "1"}}, true).empty());
    CHECK_FALSE(note("FROM a\n", {{automatic, "1"}}).empty());
  }
}

TEST_CASE("A note suggests BuildKit if an ONBUILD of the base image needs it") {  // B06
  CHECK(failed("FROM a\n", {}, "the --mount option requires BuildKit. Refer to …").contains("DOCKER_BUILDKIT=1"));
  CHECK(failed("FROM a\n", {.buildkit = true}, "the --mount option requires BuildKit").empty());
}

TEST_CASE("A note names syntax that an old BuildKit cannot read, and secret and ssh mounts") {  // B06, B15
  const BuildCircumstances buildkit{.buildkit = true};
  const std::string here = "FROM a\nRUN <<EOT\nset -e\nEOT\n";
  const std::string unknown = "dockerfile parse error line 3: unknown instruction: SET";
  CHECK(failed(here, buildkit, unknown).contains("# syntax=docker/dockerfile:1"));
  CHECK(failed(here, buildkit, unknown).contains("line 2"));
  CHECK(failed("# syntax=docker/dockerfile:1\n" + here, buildkit, unknown).empty());
  CHECK(failed("FROM a\nCOPY --link x y\n", buildkit, "Unknown flag: link").contains("line 2 has COPY --link"));
  CHECK(failed(here, buildkit, "exit code: 1").empty());
  for (const char* kind : {"secret,id=x", "ssh", "secret,id=x,required=true"}) {
    const auto text = "FROM a\nRUN --mount=type=" + std::string(kind) + " y\n";
    CHECK(failed(text, buildkit, "no active sessions").contains("line 2 mounts a secret or ssh"));
    // BuildKit would not help: it gets no secret and no ssh either.
    const auto classic = failed(text, {}, "the --mount option requires BuildKit");
    CHECK(classic.contains("line 2 mounts a secret or ssh"));
    CHECK_FALSE(classic.contains("DOCKER_BUILDKIT"));
  }
}

TEST_CASE("A note says how to send a context if a copied file is not found and no context was sent") {  // B05
  const char* messages[] = {
      "COPY failed: file not found in build context or excluded by .dockerignore: stat f.txt: file does not exist",
      "ADD failed: file not found in build context or excluded by .dockerignore: stat f: file does not exist",
      "failed to compute cache key: \"/f.txt\" not found: not found",
      "failed to calculate checksum of ref x::y: \"/f.txt\": not found",
      "COPY failed: no source files were specified",
  };
  for (const char* message : messages) {
    INFO(message);
    // I19: each frontend has its own terms.
    const auto note = [&](Terms terms) { return failed("FROM a\nCOPY f.txt /\n", {.terms = terms}, message); };
    CHECK(note(Terms::flags).ends_with("copies from (--context DIR)\n"));
    CHECK(note(Terms::fields).ends_with("copies from (\"contextPath\")\n"));
    CHECK(note(Terms::settings).ends_with("run it in the folder that it copies from\n"));
    CHECK(failed("FROM a\nCOPY f.txt /\n", {.has_files = true}, message).empty());
  }
  CHECK(failed("FROM a\nRUN x\n", {}, "The command '/bin/sh -c x' returned a non-zero code: 1").empty());
}

TEST_CASE("A note says what to do if a step fails because the disk is full") {  // R04
  for (const char* words :
       {"cp: error writing '/x': No space left on device\n", "OSError: [Errno 28] No space left on device",
        "npm ERR! code ENOSPC\n", "Disk quota exceeded"})
    CHECK(failed("FROM a\nRUN x\n", {}, "exit code 1", words).contains("dind-executor gc"));
  CHECK(failed("FROM a\nRUN x\n", {}, "exit code 1", "something else").empty());
}

TEST_CASE("A message has the user's file name instead of the generated name") {  // I03
  CHECK(with_name("failed to parse .dockerfile.12: file with no instructions", ".dockerfile.12", "d/D") ==
        "failed to parse d/D: file with no instructions");
  CHECK(with_name("aba", "a", "aa") == "aabaa");
  CHECK(with_name("x", "", "y") == "x");
}

}  // namespace build_notes_test
