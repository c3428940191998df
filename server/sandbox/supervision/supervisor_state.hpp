// What the server knows of one supervisor and its program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "sandbox/supervision/frame_codec.hpp"
#include "sandbox/supervision/frames.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

struct SupervisorState {
  bool ready = false;
  std::optional<Clock::time_point> started;  // when the program started
  std::optional<supervision::ExitReport> report;
  std::optional<Error> error;   // the stream broke, its bytes are not the protocol, or the supervisor gave up
  bool ended = false;           // nothing more will come
  std::string detail;           // of a failed exec, or of a full volume
  LeftFiles left;               // files that the program left in the run's folder
  bool memory_low = false;      // gVisor's memory was nearly used up
  std::uint64_t out_bytes = 0;  // received from the program's stdout
  std::uint64_t err_bytes = 0;
  std::uint64_t dropped_bytes = 0;  // received, but not passed on, because the sink was gone
  std::string stray_output;         // text outside of the protocol: last messages of the engine or the runtime
};

}  // namespace dind::sandbox
