#include "supervisor/exec_failure.hpp"

#include <elf.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "sandbox/supervision/frames.hpp"
#include "support/ids.hpp"

namespace exec_failure_test {

using namespace dind;
using namespace dind::supervisor;
namespace fs = std::filesystem;
namespace supervision = dind::supervision;

namespace {

// A temporary executable file with these bytes.
struct Program {
  fs::path path = fs::temp_directory_path() / ("dind-exec-" + random_id());
  explicit Program(const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    fs::permissions(path, fs::perms::owner_all);
  }
  ~Program() { fs::remove(path); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
};

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// The ELF header of a 64-bit program that names a loader.
std::string elf64(unsigned short machine, const std::string& loader = "/lib64/ld-none.so") {
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_ident[EI_DATA] = ELFDATA2LSB;
  head.e_type = ET_DYN;
  head.e_machine = machine;
  head.e_phoff = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 1;
  Elf64_Phdr part{};
  part.p_type = PT_INTERP;
  part.p_offset = sizeof head + sizeof part;
  part.p_filesz = loader.size() + 1;
  return bytes_of(head) + bytes_of(part) + loader + std::string(1, '\0');
}

std::string elf32(unsigned short machine, bool big_endian = false) {
  Elf32_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS32;
  head.e_ident[EI_DATA] = big_endian ? ELFDATA2MSB : ELFDATA2LSB;
  head.e_machine =
      big_endian ? static_cast<unsigned short>(machine << 8 | machine >> 8) : static_cast<unsigned short>(machine);
  return bytes_of(head);
}

struct Said {
  unsigned flags;
  std::string detail;
};

Said explained(const std::string& bytes, int error) {
  const Program program(bytes);
  ExecFailure failure;
  explain_exec_failure(program.path.c_str(), error, failure);
  CHECK((static_cast<unsigned>(failure.error) & supervision::kErrnoMask) == static_cast<unsigned>(error));
  return {static_cast<unsigned>(failure.error) & ~supervision::kErrnoMask, failure.detail};
}

#if defined(__aarch64__)
constexpr unsigned short kOwn = EM_AARCH64, kOther = EM_X86_64;
#else
constexpr unsigned short kOwn = EM_X86_64, kOther = EM_AARCH64;
#endif

}  // namespace

TEST_CASE("P20: for a program whose loader is missing, the detail is the path of the loader") {
  const auto said = explained(elf64(kOwn), ENOENT);
  CHECK(said.flags == supervision::kNoLoader);
  CHECK(said.detail == "/lib64/ld-none.so");
}

TEST_CASE("P20: for a program of 32 bits or of another machine, the detail names its machine for each errno") {
  struct Case {
    std::string bytes;
    const char* named;
  };
  const Case cases[] = {{elf32(EM_386), "i386 (32 bits)"},
                        {elf32(EM_ARM), "arm (32 bits)"},
                        {elf32(kOwn), "(32 bits)"},  // x32
                        {elf32(EM_S390, true), "s390x (32 bits)"},
                        {elf64(kOther), kOther == EM_AARCH64 ? "aarch64" : "x86_64"},
                        {elf64(EM_PPC64), "ppc64"},
                        {elf64(1234), "another machine"}};
  for (const auto& each : cases)
    for (const int error : {ENOEXEC, ENOENT, ELIBBAD}) {  // ENOENT: its loader or its emulator is missing
      INFO(each.named << ", errno " << error);
      const auto said = explained(each.bytes, error);
      CHECK(said.flags == (said.detail.contains("(32 bits)") ? supervision::kBits32 : supervision::kOtherMachine));
      CHECK(said.detail.contains(each.named));
      CHECK(said.detail.contains("the engine's machine is"));
    }
}

TEST_CASE("P20: for a program of another operating system, the detail names that system") {
  const auto windows = explained(std::string("MZ\x90\0\3\0", 6), ENOEXEC);
  CHECK(windows.flags == supervision::kOtherSystem);
  CHECK(windows.detail == "Windows");
  CHECK(explained(std::string("\xcf\xfa\xed\xfe\7\0", 6), ENOEXEC).detail == "macOS");
  CHECK(explained(std::string("\0asm\1\0", 6), ENOEXEC).detail == "WebAssembly");
  CHECK(explained(std::string("\xca\xfe\xba\xbe\0\0\0\2", 8), ENOEXEC).detail == "macOS");  // for two machines, too
}

TEST_CASE("P20: for a file that is not a program, the detail names its type") {
  const std::pair<std::string, std::string> cases[] = {
      {"", "an empty file"},
      {std::string("PK\3\4\x14\0\0\0", 8), "a ZIP archive"},
      {std::string("\xca\xfe\xba\xbe\0\0\0\x41", 8), "a class of Java"},
      {std::string("\x1f\x8b\x08\0\0\0", 6), "a file compressed by gzip"},
      {std::string("\1\2\3\4\5\6", 6), "data"},
      {"#!/bin/sh\n", "a script of an interpreter that can't be executed itself"}};
  for (const auto& [bytes, what] : cases) {
    INFO(what);
    const auto said = explained(bytes, ENOEXEC);
    CHECK(said.flags == supervision::kNotProgram);
    CHECK(said.detail == what);
  }
}

TEST_CASE("P20: a truncated program is reported as damaged, not as one of another machine") {
  const auto whole = elf64(kOwn);
  CHECK(explained(whole, ENOEXEC).flags == supervision::kDamaged);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    INFO(size << " bytes");
    const auto flags = explained(whole.substr(0, size), ENOEXEC).flags;
    CHECK(flags == (size == 0 ? supervision::kNotProgram : size < SELFMAG ? 0 : supervision::kDamaged));
    const auto of_loader = explained(whole.substr(0, size), ENOENT).flags;
    CHECK((of_loader == 0 || (of_loader == supervision::kNoLoader && size == whole.size())));
  }
}

}  // namespace exec_failure_test
