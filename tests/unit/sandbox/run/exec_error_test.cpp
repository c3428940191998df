#include "sandbox/run/exec_error.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "sandbox/supervision/frames.hpp"

namespace exec_error_test {

using namespace dind;
using namespace dind::sandbox;

TEST_CASE("P20: the error about a program that can't be executed names the cause and the remedy") {
  RunPlan plan;
  plan.argv = {"./x"};
  struct Case {
    int error;
    std::uint32_t cause;
    const char* detail;
    std::vector<std::string> said;
  };
  const Case cases[] = {
      {ENOENT, 0, "", {"There is no program \"./x\"", "the-image"}},
      {ENOENT, supervision::kNoInterpreter, "/usr/bin/python9", {"interpreter", "/usr/bin/python9"}},
      {EACCES, supervision::kInterpreterRefused, "/opt/sh", {"/opt/sh"}},
      {ENOENT, supervision::kCarriageReturn, "/bin/bash", {"CRLF", "/bin/bash", "sed"}},
      {ENOENT, supervision::kNoLoader, "/lib64/ld.so", {"loader /lib64/ld.so"}},
      {ENOEXEC,
       supervision::kOtherMachine,
       "aarch64; the engine's machine is x86_64",
       {"is a program for aarch64; the engine's machine is x86_64: build it for that"}},
      {ENOENT,
       supervision::kBits32,
       "i386 (32 bits); the engine's machine is x86_64",
       {"for i386 (32 bits)", "sandboxes run no programs of 32 bits: build it for that, with 64 bits"}},
      {ENOEXEC,
       supervision::kOtherSystem,
       "Windows",
       {"is a program for Windows, and sandboxes run Linux: build it for Linux"}},
      {ENOEXEC, supervision::kDamaged, "", {"not a whole program"}},
      {ENOEXEC, supervision::kNoShell, "", {"/bin/sh", "#! line"}},
      {ENOEXEC, 0, "", {"Exec format error"}},
      {EACCES, supervision::kIsFolder, "", {"is a folder"}},
      {EACCES, supervision::kNoExecuteBit, "0644, user 1", {"chmod +x", "0644"}},
      {EACCES, supervision::kNotForUser, "0700, user 1000", {"0700, user 1000", "a+rx"}},
      {EACCES, supervision::kNoExecMount, "", {"file system"}},
      {EACCES, 0, "", {"permission denied"}}};
  for (const auto& c : cases) {
    const auto error = not_executable(plan, "the-image", c.error | static_cast<int>(c.cause), c.detail);
    INFO(error.message);
    for (const auto& part : c.said) CHECK(error.message.contains(part));
    if (c.cause == supervision::kBits32 || c.cause == supervision::kOtherSystem)
      CHECK_FALSE(error.message.contains("image that"));
    CHECK_FALSE(error.message.contains('\n'));
  }
  plan.argv = {"/bin/sh", "-c", "echo hi"};
  CHECK(not_executable(plan, "the-image", ENOENT).message.contains("has no shell"));
  plan.argv = {"pytest", "-q"};
  CHECK(not_executable(plan, "the-image", ENOENT).message.contains("python3 -m pytest"));
}

}  // namespace exec_error_test
