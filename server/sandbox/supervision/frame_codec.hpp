// Encodes the frames for the supervisor and decodes the frames that it sends. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/supervision/frames.hpp"

namespace dind::sandbox {

// Options of `job_frames`: the frames that put the run's files in place and start the program.
struct JobOptions {
  std::uint64_t deadline_ms = 0;
  std::uint64_t output_cap = 0;
  std::uint64_t output_window = 0;
  std::uint32_t token = 0;      // 24 bits
  std::uint32_t max_tasks = 0;  // 0: only the kernel's own limit applies
};
std::string job_frames(const RunPlan& plan, const JobOptions& options);
// The server's version and its channels; job_frames begins with them.
std::string hello_frames();
std::string stdin_frame(std::string_view bytes);  // at most supervision::kMaxPayload bytes
std::string stdin_end_frame();
std::string window_frame(std::uint64_t bytes);
std::string signal_frame(std::uint32_t signal);
std::string report_received_frame();

struct SupervisorReady {
  std::uint32_t version = 0;
};
struct ProgramStarted {};
struct ProgramOutput {
  Channel channel;
  std::string_view bytes;
};
struct StdinTaken {
  std::uint64_t bytes = 0;
};
struct MemoryLow {};
// The subject of a failed exec's flag (an interpreter, a loader), or the VOLUME that was full at the end.
struct ExecDetail {
  std::string text;
};
// Files that the program left in the run's folder: their number, and the first names as the program wrote them.
struct LeftFiles {
  std::uint32_t count = 0;
  std::vector<std::string> names;
};
struct SupervisorBroken {
  std::string why;
};
using FromSupervisor = std::variant<SupervisorReady, ProgramStarted, ProgramOutput, StdinTaken, MemoryLow, ExecDetail,
                                    LeftFiles, supervision::ExitReport, SupervisorBroken>;

// Decodes the supervisor's byte stream. A large output frame is returned in several parts as they arrive: no output is
// held back.
class SupervisorDecoder {
 public:
  // `token`: the token of the job. Frames without it do not come from the supervisor, except its first ones.
  explicit SupervisorDecoder(std::uint32_t token = 0) : token_(token) {}

  // Removes the next event from the front of `input`. False: more bytes are needed, and `input` is empty. Error: the
  // bytes are not the protocol, and nothing after them can be trusted. Views in `event` point into the bytes of
  // `input`.
  Result<bool> next(std::string_view& input, FromSupervisor& event);

 private:
  Result<bool> control(FromSupervisor& event);

  std::uint32_t token_;
  bool token_seen_ = false;
  std::string header_;
  std::string payload_;     // collected payload of a control frame
  std::uint32_t left_ = 0;  // bytes of the frame's payload that are still to come
  bool in_frame_ = false;
};

}  // namespace dind::sandbox
