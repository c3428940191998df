// Decides what the end of a sandbox without an exit report means: a limit, the program's own action, or someone else's.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "engine/types.hpp"

namespace dind::sandbox {

struct SilentEnd {
  bool gvisor = false;
  bool started = false;       // the program's exec had succeeded
  bool stream_ended = false;  // the container's stream came to its end
  bool stream_broke = false;  // its bytes did not come from the supervisor
  bool memory_low = false;    // the supervisor had reported that memory is low (gVisor)
  engine::ContainerEnd end;   // as the engine reported it; empty: it did not report it
};
struct SilentVerdict {
  Verdict verdict;
  std::string note;
  bool operator==(const SilentVerdict&) const = default;
};

// Whether the supervisor ended because its server or the connection to it was gone.
bool lease_is_over(const engine::ContainerEnd& end);

// The verdict of the run. nullopt: someone outside of the sandbox ended it, or may have ended it. If nobody asked the
// engine to end the sandbox, the program caused its end, by whatever means (S02).
std::optional<SilentVerdict> judge_silent_end(const SilentEnd& seen);

// How a sandbox was lost without its program's doing, and what it was doing at that time.
enum class Loss { connection, engine, removed };
enum class LostWhile { starting, installing, running };
Error lost_sandbox(Loss loss, const std::string& engine_address, LostWhile doing);

// The message for a sandbox that ended before its supervisor sent anything. Only its exit code and `last_words`, the
// runtime's output, are known.
std::string early_end(const engine::ContainerEnd& end, std::string_view last_words);

}  // namespace dind::sandbox
