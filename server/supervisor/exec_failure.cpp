#include "supervisor/exec_failure.hpp"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sandbox/supervision/frames.hpp"

namespace dind::supervisor {
namespace {

using namespace supervision;

constexpr size_t kHead = 4096;

void set(ExecFailure& failure, ExecCause cause, const char* detail, size_t size) {
  failure.error |= static_cast<int>(cause);
  const size_t room = sizeof failure.detail - 1;
  memcpy(failure.detail, detail, size < room ? size : room);
}

size_t read_head(const char* path, unsigned char* head) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return 0;
  const ssize_t n = read(fd, head, kHead);
  close(fd);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

void set_not_program(const char* what, ExecFailure& failure) { set(failure, kNotProgram, what, strlen(what)); }

void explain_script(const char* head, size_t size, int error, ExecFailure& failure) {
  size_t at = 2;
  while (at < size && (head[at] == ' ' || head[at] == '\t')) ++at;
  size_t end = at;
  while (end < size && head[end] != ' ' && head[end] != '\t' && head[end] != '\n' && head[end] != 0) ++end;
  if (end > at && head[end - 1] == '\r') {
    set(failure, kCarriageReturn, head + at, end - at - 1);
    return;
  }
  char name[kHead + 1];
  memcpy(name, head + at, end - at);
  name[end - at] = 0;
  if (error == EACCES)
    set(failure, kInterpreterRefused, name, end - at);
  else if (access(name, F_OK) != 0)
    set(failure, kNoInterpreter, name, end - at);
  else  // the interpreter's own interpreter or loader is missing, or it is a text
    set_not_program("a script of an interpreter that can't be executed itself", failure);
}

#if defined(__aarch64__)
constexpr unsigned kOwnMachine = EM_AARCH64;
#else
constexpr unsigned kOwnMachine = EM_X86_64;
#endif

const char* machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_386:
      return "i386";
    case EM_AARCH64:
      return "aarch64 (arm64)";
    case EM_ARM:
      return "arm";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390x";
    case 243:  // EM_RISCV, which older headers lack
      return "riscv";
    default:
      return "another machine";
  }
}

void set_machine(unsigned machine, bool bits32, ExecFailure& failure) {
  char text[128];
  const int n = snprintf(text, sizeof text, "%s%s; the engine's machine is %s", machine_name(machine),
                         bits32 ? " (32 bits)" : "", machine_name(kOwnMachine));
  set(failure, bits32 ? kBits32 : kOtherMachine, text, static_cast<size_t>(n));
}

// Reports the loader of a dynamically linked program (PT_INTERP), if the head of the file contains it.
void explain_loader(const unsigned char* head, size_t size, ExecFailure& failure) {
  Elf64_Ehdr elf;
  if (size < sizeof elf) return;
  memcpy(&elf, head, sizeof elf);
  for (unsigned i = 0; i < elf.e_phnum && i < 64; ++i) {
    Elf64_Phdr part;
    const uint64_t at = elf.e_phoff + static_cast<uint64_t>(i) * elf.e_phentsize;
    if (at > size || size - at < sizeof part) return;
    memcpy(&part, head + at, sizeof part);
    if (part.p_type != PT_INTERP) continue;
    if (part.p_offset > size || size - part.p_offset < part.p_filesz) return;
    const char* loader = reinterpret_cast<const char*>(head + part.p_offset);
    set(failure, kNoLoader, loader, strnlen(loader, part.p_filesz));
    return;
  }
}

void explain_elf(const unsigned char* head, size_t size, int error, ExecFailure& failure) {
  if (error != ENOEXEC && error != ENOENT && error != ELIBBAD) return;
  constexpr size_t kMachine = offsetof(Elf64_Ehdr, e_machine);  // at the same place in Elf32_Ehdr
  if (size < kMachine + 2) {
    if (error == ENOEXEC) set(failure, kDamaged, "", 0);
    return;
  }
  const bool big_endian = head[EI_DATA] == ELFDATA2MSB;
  const unsigned machine = big_endian ? static_cast<unsigned>(head[kMachine] << 8 | head[kMachine + 1])
                                      : static_cast<unsigned>(head[kMachine + 1] << 8 | head[kMachine]);
  const bool bits32 = head[EI_CLASS] == ELFCLASS32;
  // The seccomp profile allows no 32-bit system calls, so a 32-bit program would not run even if its loader existed.
  if (machine != kOwnMachine || bits32)
    set_machine(machine, bits32, failure);
  else if (error == ENOEXEC)
    set(failure, kDamaged, "", 0);
  else if (error == ENOENT)
    explain_loader(head, size, failure);
}

// A Mach-O file for several machines and a Java class begin with the same 4 bytes. Byte 7 is then the number of
// machines, or the version of the class, which is above 40.
constexpr unsigned char kFewMachines = 20;

// Explains a file that is neither a script nor an ELF file, by its first bytes.
void explain_foreign(const unsigned char* head, size_t size, int error, ExecFailure& failure) {
  if (error != ENOEXEC) return;
  if (size == 0) return set_not_program("an empty file", failure);
  if (size < 4) return;
  const uint32_t magic = static_cast<uint32_t>(head[3]) << 24 | static_cast<uint32_t>(head[2]) << 16 |
                         static_cast<uint32_t>(head[1]) << 8 | head[0];
  if (head[0] == 'M' && head[1] == 'Z')
    set(failure, kOtherSystem, "Windows", strlen("Windows"));
  else if (magic == 0xfeedface || magic == 0xfeedfacf || (magic == 0xbebafeca && size > 7 && head[7] < kFewMachines))
    set(failure, kOtherSystem, "macOS", strlen("macOS"));
  else if (magic == 0x6d736100)
    set(failure, kOtherSystem, "WebAssembly", strlen("WebAssembly"));
  else if (magic == 0xbebafeca)
    set_not_program("a class of Java", failure);
  else if (head[0] == 'P' && head[1] == 'K')
    set_not_program("a ZIP archive", failure);
  else if (head[0] == 0x1f && head[1] == 0x8b)
    set_not_program("a file compressed by gzip", failure);
  else
    set_not_program("data", failure);
}

void explain_refusal(const char* path, const struct stat& status, ExecFailure& failure) {
  char text[64];
  const int n = snprintf(text, sizeof text, "%04o, user %u", static_cast<unsigned>(status.st_mode & 07777),
                         static_cast<unsigned>(status.st_uid));
  struct statvfs fs;
  if ((status.st_mode & 0111) == 0)
    set(failure, kNoExecuteBit, text, static_cast<size_t>(n));
  else if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOEXEC) != 0)
    set(failure, kNoExecMount, text, 0);
  else
    set(failure, kNotForUser, text, static_cast<size_t>(n));
}

}  // namespace

bool is_plain_text(const char* path) {
  unsigned char head[kHead];
  const size_t size = read_head(path, head);
  const bool magic = size >= 2 && ((head[0] == '#' && head[1] == '!') || head[0] == 0x7f);
  return size != 0 && !magic && memchr(head, 0, size) == nullptr;
}

void explain_exec_failure(const char* path, int error, ExecFailure& failure) {
  failure.error = error;
  struct stat status{};
  if (stat(path, &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    set(failure, kIsFolder, "", 0);
    return;
  }
  if (error == EACCES && access(path, X_OK) != 0) {
    explain_refusal(path, status, failure);
    return;
  }
  unsigned char head[kHead];
  const size_t size = read_head(path, head);
  if (size >= 2 && head[0] == '#' && head[1] == '!')
    explain_script(reinterpret_cast<const char*>(head), size, error, failure);
  else if (size >= 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
    explain_elf(head, size, error, failure);
  else
    explain_foreign(head, size, error, failure);
}

}  // namespace dind::supervisor
