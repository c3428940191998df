// The frames between the server and the supervisor (PID 1 of a sandbox), in both directions. Freestanding: the
// supervisor includes this file and nothing else of ours.
//
// A frame is 8 bytes of header (type, a token of three bytes, big-endian payload length) and the payload, kMaxPayload
// at most. The token is zeros from the server, and from the supervisor what its job says, zeros before: under gVisor a
// program can open the supervisor's own stdout, and what it writes there must not pass for a frame.
// Numbers in payloads are big-endian. Server to supervisor it travels on the container's stdin; back on its stdout. The
// program's own stdout and stderr are pipes to the supervisor, so nothing that a program writes can be taken for a
// frame.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::wire {

inline constexpr uint32_t kVersion = 2;
// In the egress filter's container: /proc/net/fib_trie of the engine's machine.
inline constexpr const char* kMachineRoutes = "/machine-routes";
inline constexpr size_t kHeaderSize = 8;
// The supervisor's exit code where its stdin ended, or nobody took its report: the server is gone, or the connection
// is.
inline constexpr int kLeaseOverExit = 75;
inline constexpr size_t kMaxPayload = 64 * 1024;
inline constexpr size_t kMaxJobBytes = 1024 * 1024;  // argv + env + cwd
inline constexpr uint64_t kStdinWindow =
    256 * 1024;  // stdin bytes that the supervisor holds for a program that doesn't read

// Server to supervisor.
enum ToSupervisor : unsigned char {
  kFileBegin = 'F',  // u32 mode, path: creates (truncates) a file; parents are made
  kFileData = 'D',   // bytes appended to the file that was begun last
  kJobData = 'A',    // bytes appended to the job
  kWatch = 'K',      // u64 bytes, path: the run ends when more than that was written below the path
  kSameMount = 'M',  // path: the run is broken unless what is mounted there is what the mount above has at its place
  kStart = 'J',      // no payload: the job is whole, start it
  kStdin = 'I',      // bytes for the program's stdin; at most kStdinWindow not yet confirmed by kStdinTaken
  kStdinEnd = 'E',
  kWindow = 'W',          // u64: that many more bytes of output may be sent
  kSignal = 'S',          // u32 signal; SIGKILL ends the whole tree
  kReportReceived = 'H',  // no payload: the exit report is here, end
};

// Supervisor to server.
enum FromSupervisor : unsigned char {
  kReady = 'R',          // u32 version: waits for a job
  kStarted = 'B',        // the program's exec succeeded
  kOut = 'o',            // bytes of the program's stdout
  kErr = 'e',            // bytes of its stderr
  kStdinTaken = 't',     // u64: that many bytes of stdin were taken
  kMemoryLow = 'm',      // no payload: memory is nearly used up (under gVisor, whose end for memory takes us along)
  kDetail = 'd',         // text: what the flag of a failed exec is about (ExecCause), or kVolumeFull
  kLeft = 'f',           // u32 count, names each with a NUL: files that the program left in the run's folder
  kExit = 'X',           // ExitReport, the last frame; the supervisor waits a second at most for kReportReceived
  kProtocolError = '!',  // text: the server sent nonsense, or set-up failed; the last frame
};

// The job: u64 deadline_ms (0: none) · u64 output_cap · u64 output_window · u32 token · u32 max_tasks (0: the kernel's
// own limit holds) · cwd · u32 argc · argv… · u32 envc · "K=V"…
// Strings are u32 length + bytes. env entries are put over the container's own environment.

enum class How : unsigned char { exited = 0, signalled = 1, exec_failed = 2 };
enum class Cause : unsigned char { none = 0, deadline = 1, output_cap = 2, asked = 3, disk_cap = 4, max_tasks = 5 };

// Set in ExitReport::code beside errno where what failed was to enter the working directory.
inline constexpr uint32_t kNoFolder = 1U << 16;
// Set there beside errno where the file that could not be executed says why. kDetail's text in brackets.
enum ExecCause : uint32_t {
  kIsFolder = 1U << 17,
  kNoInterpreter = 1U << 18,       // of its `#!` line [interpreter]
  kInterpreterRefused = 1U << 19,  // may not be executed [interpreter]
  kCarriageReturn = 1U << 20,      // at the end of its `#!` line [interpreter]
  kNoLoader = 1U << 21,            // of a dynamically linked program [loader]
  kOtherMachine = 1U << 22,        // [machine]
  kNoExecuteBit = 1U << 23,        // [mode, user]
  kNotForUser = 1U << 24,          // its mode lets others execute it [mode, user]
  kNoExecMount = 1U << 25,         // nothing on that file system may be executed
  kNoShell = 1U << 26,             // text without a `#!` line, and no shell to run it
  kDamaged = 1U << 27,             // an ELF file of this machine that the kernel does not execute
  kBits32 = 1U << 28,              // [machine, of whatever kind]
  kOtherSystem = 1U << 29,         // [system]
  kNotProgram = 1U << 30,          // nothing that Linux executes [what it is]
};
inline constexpr uint32_t kErrnoMask = kNoFolder - 1;

// Bits of ExitReport::disk_full.
inline constexpr unsigned char kTmpFull = 1;
inline constexpr unsigned char kRunFolderFull = 2;
inline constexpr unsigned char kShmFull = 4;
// A VOLUME of the image that is a tmpfs; kDetail has its path. Not told where the exec failed, which has its own
// detail.
inline constexpr unsigned char kVolumeFull = 8;

// kExit's payload, field after field in this order and these widths.
struct ExitReport {
  How how = How::exited;
  uint32_t code = 0;  // exit code, signal, or errno of the failed exec
  Cause cause = Cause::none;
  uint64_t duration_us = 0;
  uint64_t cpu_us = 0;
  uint64_t peak_memory_bytes = 0;  // 0: not known
  uint32_t oom_kills = 0;
  uint32_t pids_limit_hits = 0;
  unsigned char disk_full = 0;  // which writable tmpfs was out of blocks or inodes at the end
  uint64_t stdout_bytes = 0;    // as the program wrote them
  uint64_t stderr_bytes = 0;
  uint64_t dropped_bytes = 0;  // read from the program and not sent
};
inline constexpr size_t kExitReportSize = 1 + 4 + 1 + 8 + 8 + 8 + 4 + 4 + 1 + 8 + 8 + 8;

inline void put_u32(unsigned char* p, uint32_t v) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<unsigned char>(v >> (24 - 8 * i));
}
inline void put_u64(unsigned char* p, uint64_t v) {
  put_u32(p, static_cast<uint32_t>(v >> 32));
  put_u32(p + 4, static_cast<uint32_t>(v));
}
inline uint32_t get_u32(const unsigned char* p) {
  return static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 | static_cast<uint32_t>(p[2]) << 8 |
         p[3];
}
inline uint64_t get_u64(const unsigned char* p) { return static_cast<uint64_t>(get_u32(p)) << 32 | get_u32(p + 4); }

inline void put_header(unsigned char* p, unsigned char type, uint32_t length, uint32_t token = 0) {
  put_u32(p, token);
  p[0] = type;
  put_u32(p + 4, length);
}
inline uint32_t get_token(const unsigned char* p) { return get_u32(p) & 0xffffff; }

inline void put_report(unsigned char* p, const ExitReport& r) {
  p[0] = static_cast<unsigned char>(r.how);
  put_u32(p + 1, r.code);
  p[5] = static_cast<unsigned char>(r.cause);
  put_u64(p + 6, r.duration_us);
  put_u64(p + 14, r.cpu_us);
  put_u64(p + 22, r.peak_memory_bytes);
  put_u32(p + 30, r.oom_kills);
  put_u32(p + 34, r.pids_limit_hits);
  p[38] = r.disk_full;
  put_u64(p + 39, r.stdout_bytes);
  put_u64(p + 47, r.stderr_bytes);
  put_u64(p + 55, r.dropped_bytes);
}
inline bool get_report(const unsigned char* p, size_t size, ExitReport& r) {
  if (size != kExitReportSize || p[0] > 2 || p[5] > 5) return false;
  r.how = static_cast<How>(p[0]);
  r.code = get_u32(p + 1);
  r.cause = static_cast<Cause>(p[5]);
  r.duration_us = get_u64(p + 6);
  r.cpu_us = get_u64(p + 14);
  r.peak_memory_bytes = get_u64(p + 22);
  r.oom_kills = get_u32(p + 30);
  r.pids_limit_hits = get_u32(p + 34);
  r.disk_full = p[38];
  r.stdout_bytes = get_u64(p + 39);
  r.stderr_bytes = get_u64(p + 47);
  r.dropped_bytes = get_u64(p + 55);
  return true;
}

}  // namespace dind::wire
