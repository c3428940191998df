// What the end of a sandbox without an exit report means: a limit, the program's own doing, or somebody else's. Pure.
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
  bool began = false;         // the program's exec had succeeded
  bool stream_ended = false;  // the container's stream came to its end
  bool stream_broke = false;  // what came on it was not the supervisor's
  bool memory_short = false;  // the supervisor had said so (gVisor)
  engine::ContainerEnd end;   // as the engine saw it; empty: it did not say
};
struct SilentVerdict {
  Verdict verdict;
  std::string note;
  bool operator==(const SilentVerdict&) const = default;
};

// The supervisor ended because its server or the connection to it was gone.
bool lease_is_over(const engine::ContainerEnd& end);

// The verdict of the run; nothing where somebody outside of the sandbox ended it, or may have. An end that nobody asked
// the engine for is the program's, whatever it did to get there (S02).
std::optional<SilentVerdict> judge_silent_end(const SilentEnd& seen);

// How a sandbox was lost through nothing that its program did, and what it was doing.
enum class Loss { connection, engine, removed };
enum class LostWhile { starting, installing, running };
Error lost_sandbox(Loss loss, const std::string& engine_address, LostWhile doing);

// Of a sandbox that ended before its supervisor said a word: the exit code, and `last_words`, the runtime's own, are
// all that there is.
std::string early_end(const engine::ContainerEnd& end, std::string_view last_words);

}  // namespace dind::sandbox
