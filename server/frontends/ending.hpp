// How a run ended, in words for a person: the same words in every face. Pure.
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

// "SIGKILL"; "signal 35" where it has no name.
std::string signal_name(int signal);

// Those in force, as the event `started` has them; none where the program never began.
using LimitsInForce = std::optional<Limits>;

// The limit that ended the run, with its figure: "the limit is 512 MiB". Empty where no limit did, or where none is
// known (a build's: its notes have the figure).
std::string limit_words(const RunResult& result, const LimitsInForce& limits);

// What happened beside the verdict and the notes: a process that was killed for memory, output that was dropped, a
// missing supervisor.
std::vector<std::string> remarks(const RunResult& result);

// In one line without its end: "exit 3", "killed by SIGKILL; a process of it was killed for memory", "timeout: the
// limit is 2 s; 2 MiB of output are not here". Empty for a program that ended with 0 and of which there is nothing to
// say. `left_out`: bytes of output that the reader of this line does not get, although the program's.
std::string ending_words(const RunResult& result, const LimitsInForce& limits, std::uint64_t left_out = 0);

// The same, and the notes behind it.
std::string ending_line(const RunResult& result, const LimitsInForce& limits, std::uint64_t left_out = 0);

// One line: control characters become spaces.
std::string printable(std::string_view text);

}  // namespace dind::frontends
