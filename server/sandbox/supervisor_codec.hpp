// The supervisor's frames as values: what we send, and what it sends taken apart. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/supervisor_wire.hpp"

namespace dind::sandbox {

// The frames that put the run's files in place and start the program.
struct JobOptions {
  std::uint64_t deadline_ms = 0;
  std::uint64_t output_cap = 0;
  std::uint64_t output_window = 0;
  std::uint32_t token = 0;      // 24 bits
  std::uint32_t max_tasks = 0;  // 0: the kernel's own limit holds
};
std::string job_frames(const RunPlan& plan, const JobOptions& options);
std::string stdin_frame(std::string_view bytes);  // wire::kMaxPayload at most
std::string stdin_end_frame();
std::string window_frame(std::uint64_t bytes);
std::string signal_frame(std::uint32_t signal);
std::string heard_frame();

struct SupervisorReady {
  std::uint32_t version = 0;
};
struct ProgramBegan {};
struct ProgramOutput {
  Channel channel;
  std::string_view bytes;
};
struct StdinTaken {
  std::uint64_t bytes = 0;
};
struct MemoryShort {};
// What the flag of a failed exec is about (an interpreter, a loader), or which VOLUME was full at the end.
struct ExecDetail {
  std::string text;
};
// Files that the program left in the run's folder: how many, and the first names. As the program named them.
struct LeftFiles {
  std::uint32_t count = 0;
  std::vector<std::string> names;
};
struct SupervisorBroken {
  std::string why;
};
using FromSupervisor = std::variant<SupervisorReady, ProgramBegan, ProgramOutput, StdinTaken, MemoryShort, ExecDetail,
                                    LeftFiles, wire::ExitReport, SupervisorBroken>;

// Takes the supervisor's byte stream apart. A large output frame comes in several parts, as it arrives: nothing is held
// back.
class SupervisorDecoder {
 public:
  // `token`: the job's. Frames without it are not the supervisor's, apart from its first words.
  explicit SupervisorDecoder(std::uint32_t token = 0) : token_(token) {}

  // Takes the next event off the front of `input`. False: more bytes are needed, and `input` is empty. Error: not its
  // protocol; nothing after it can be trusted. Views in `event` point into `input`'s bytes.
  Result<bool> next(std::string_view& input, FromSupervisor& event);

 private:
  Result<bool> control(FromSupervisor& event);

  std::uint32_t token_;
  bool token_seen_ = false;
  std::string header_;
  std::string payload_;     // of a control frame, gathered
  std::uint32_t left_ = 0;  // of the frame's payload
  bool in_frame_ = false;
};

}  // namespace dind::sandbox
