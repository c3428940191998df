// Says in words for a person how a run ended. All frontends use the same words. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/run_event.hpp"

namespace dind::frontends {

// "ok", "failed", "out of memory"; never a name with an underscore.
std::string_view verdict_words(Verdict verdict);

// "SIGKILL", or "signal 35" if the signal has no name.
std::string signal_name(int signal);

// The limits in force, from the event `started`. nullopt: the program never began.
using LimitsInForce = std::optional<Limits>;

// The limit that ended the run, with its value: "the limit is 512 MiB". Empty if no limit ended it, or if the limit is
// not known (a build: its notes have the value).
std::string limit_words(const RunResult& result, const LimitsInForce& limits);

// What happened besides the verdict and the notes: a process was killed for memory, output was
// dropped, the supervisor is missing.
std::vector<std::string> remarks(const RunResult& result);

// One line without a line end: "exit 3", "killed by SIGKILL; one of its processes was killed for lack of memory",
// "timeout: the limit is 2 s; 2 MiB of output was left out". Empty if the program ended with 0 and there is nothing to
// say. `left_out`: bytes of the program's output that the reader of this line does not get.
std::string ending_words(const RunResult& result, const LimitsInForce& limits, std::uint64_t left_out = 0);

// The same words, followed by the notes.
std::string ending_line(const RunResult& result, const LimitsInForce& limits, std::uint64_t left_out = 0);

// Makes one line: control characters become spaces.
std::string printable(std::string_view text);

}  // namespace dind::frontends
