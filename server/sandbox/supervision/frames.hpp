// Defines the frames between the server and the supervisor (PID 1 of a sandbox), in both directions.
//
// Freestanding: the supervisor includes this file and no other file of another module.
//
// A frame has a header of 8 bytes (type, token of 3 bytes, channel, payload length of 3 bytes) and a payload of at most
// kMaxPayload bytes. The server always sends token 0. The supervisor sends the token of its job, and 0 before it has a
// job.
// The token protects against forged frames: under gVisor a program can open the supervisor's own stdout and write to
// it.
//
// Numbers in payloads are big-endian. Frames to the supervisor use the container's stdin, frames to the server its
// stdout. The program's own stdout and stderr are pipes to the supervisor, so nothing that it writes there can be taken
// for a frame.
//
// Each side begins with its version of this format (kReady, kHello), and refuses another version. The frames of these
// two types look the same in every version.
//
// The bytes of the program travel in channels (kData, kDataEnd, kTaken). Before the start, the server declares each
// channel that it uses by name, and gives it an id. Data on a channel that is not declared is refused. All other frames
// have the channel kControl.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace dind::supervision {

inline constexpr uint32_t kVersion = 3;
// In the egress filter's container: /proc/net/fib_trie of the engine's machine.
inline constexpr const char* kMachineRoutes = "/machine-routes";
inline constexpr size_t kHeaderSize = 8;
// The supervisor's exit code if its stdin ended, or if nobody took its report: the server or the connection is gone.
inline constexpr int kLeaseOverExit = 75;
inline constexpr size_t kMaxPayload = 64 * 1024;
inline constexpr size_t kMaxJobBytes = 1024 * 1024;  // argv + env + cwd
inline constexpr uint64_t kStdinWindow =
    256 * 1024;  // max stdin bytes that the supervisor holds for a program that doesn't read

// The ids of channels, as this server declares them.
inline constexpr unsigned char kControl = 0;  // not a channel
inline constexpr unsigned char kStdin = 1;
inline constexpr unsigned char kStdout = 2;
inline constexpr unsigned char kStderr = 3;

struct ChannelName {
  unsigned char id;
  const char* name;
};
inline constexpr ChannelName kChannels[] = {{kStdin, "stdin"}, {kStdout, "stdout"}, {kStderr, "stderr"}};

// Both directions.
enum Data : unsigned char {
  kData = 'c',     // bytes of the channel; to stdin: at most kStdinWindow that kTaken has not confirmed
  kDataEnd = 'E',  // no payload: no more bytes come in this channel
  kTaken = 't',    // u64: the program took that many bytes of this channel
};

// Server to supervisor.
enum ToSupervisor : unsigned char {
  kHello = 'V',           // u32 version of the server; the first frame
  kDeclare = 'C',         // name: declares the channel of the header
  kFileBegin = 'F',       // u32 mode, path: creates (truncates) a file and its parents
  kFileData = 'D',        // bytes appended to the file that was begun last
  kJobData = 'A',         // bytes appended to the job
  kWatch = 'K',           // u64 bytes, path: the run ends when more than that is written below the path
  kSameMount = 'M',       // path: set-up fails unless this mount is what the mount above it has at this path
  kStart = 'J',           // no payload: the job is complete, start it
  kWindow = 'W',          // u64: that many more bytes may be sent, in stdout and stderr together
  kSignal = 'S',          // u32 signal; SIGKILL ends the whole tree
  kReportReceived = 'H',  // no payload: the server has the exit report, so the supervisor ends
};

// Supervisor to server.
enum FromSupervisor : unsigned char {
  kReady = 'R',      // u32 version: the supervisor waits for a job
  kStarted = 'B',    // the program's exec succeeded
  kMemoryLow = 'm',  // no payload: memory is nearly used up (gVisor only: its end for memory ends the supervisor too)
  kDetail = 'd',     // text: the subject of a failed exec's flag (ExecCause), or the path of kVolumeFull
  kLeft = 'f',       // u32 count, names that each end with NUL: files that the program left in the run's folder
  kExit = 'X',       // ExitReport, the last frame; the supervisor waits at most 1 s for kReportReceived
  kProtocolError = '!',  // text: the server broke the protocol, or set-up failed; the last frame
};

// The job: u64 deadline_ms (0: none) · u64 output_cap · u64 output_window · u32 token · u32 max_tasks (0: only the
// kernel's own limit applies) · cwd · u32 argc · argv… · u32 envc · "K=V"…
// Strings are u32 length + bytes. Entries of env override the container's own environment.

enum class How : unsigned char { exited = 0, signalled = 1, exec_failed = 2 };
enum class Cause : unsigned char { none = 0, deadline = 1, output_cap = 2, asked = 3, disk_cap = 4, max_tasks = 5 };

// Set in ExitReport::code, next to errno, if entering the working directory failed.
inline constexpr uint32_t kNoFolder = 1U << 16;
// Set in ExitReport::code, next to errno, if the file itself shows why it could not be executed. In brackets: the text
// of kDetail.
enum ExecCause : uint32_t {
  kIsFolder = 1U << 17,
  kNoInterpreter = 1U << 18,       // the interpreter of its `#!` line does not exist [interpreter]
  kInterpreterRefused = 1U << 19,  // the interpreter may not be executed [interpreter]
  kCarriageReturn = 1U << 20,      // at the end of its `#!` line [interpreter]
  kNoLoader = 1U << 21,            // the loader of a dynamically linked program does not exist [loader]
  kOtherMachine = 1U << 22,        // a program for another machine [machine]
  kNoExecuteBit = 1U << 23,        // no execute bit in its mode [mode, owner]
  kNotForUser = 1U << 24,          // its mode lets other users execute it, not this one [mode, owner]
  kNoExecMount = 1U << 25,         // nothing on that file system may be executed
  kNoShell = 1U << 26,             // text without a `#!` line, and no shell to run it
  kDamaged = 1U << 27,             // an ELF file of this machine that the kernel does not execute
  kBits32 = 1U << 28,              // a 32-bit program [machine, this one or another]
  kOtherSystem = 1U << 29,         // a program for another operating system [system]
  kNotProgram = 1U << 30,          // nothing that Linux executes [what it is]
};
inline constexpr uint32_t kErrnoMask = kNoFolder - 1;

// Bits of ExitReport::disk_full.
inline constexpr unsigned char kTmpFull = 1;
inline constexpr unsigned char kRunFolderFull = 2;
inline constexpr unsigned char kShmFull = 4;
// A VOLUME of the image that is a tmpfs; kDetail has its path. Not reported if the exec failed, because kDetail then
// describes that.
inline constexpr unsigned char kVolumeFull = 8;

// The payload of kExit: the fields in this order, with these widths.
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

struct Header {
  unsigned char type = 0;
  unsigned char channel = kControl;
  uint32_t length = 0;  // of the payload; 24 bits
  uint32_t token = 0;   // 24 bits
};
static_assert(kMaxPayload < 1U << 24);
inline void put_header(unsigned char* p, const Header& header) {
  put_u32(p, header.token);
  p[0] = header.type;
  put_u32(p + 4, header.length);
  p[4] = header.channel;
}
inline Header get_header(const unsigned char* p) {
  return {p[0], p[4], get_u32(p + 4) & 0xffffff, get_u32(p) & 0xffffff};
}

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

}  // namespace dind::supervision
