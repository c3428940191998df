// Turns what was seen of a run's end into its one verdict. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/supervision/frame_codec.hpp"
#include "sandbox/supervision/frames.hpp"

namespace dind::sandbox {

// Why the server ended the run, if it did.
enum class Stop { none, timeout, output_limit, cancelled };

// Puts verdict, exit code, signal, usage and byte counts of `report` into `result`. `report.how` must not be
// exec_failed.
void judge(const supervision::ExitReport& report, Stop stop, RunResult& result);

// The note for people: which file systems of the sandbox were full at its end, and how large they are; or that a file
// was too large. Empty: neither. `volume`: the path for supervision::kVolumeFull.
std::string full_disk_note(const supervision::ExitReport& report, const Limits& limits, Verdict verdict,
                           const std::string& volume = {});

// Why the program of `plan` did not start. `error_number`: the errno of its exec with flags of supervision::ExecCause,
// or the errno of entering its working directory with supervision::kNoFolder. `detail`: the subject of the flag.
Error not_executable(const RunPlan& plan, const std::string& image, int error_number, const std::string& detail = {});

// How hidden_content_note goes on after the folder's name.
inline constexpr std::string_view kEmptyFolder = " is an empty folder in memory";

// The note for people: why a run lacks what its image has at `path`, because a folder in memory hides it. Empty: no
// folder does.
std::string hidden_content_note(std::string_view path);
// The same for the folder in which the plan's image starts.
std::string hidden_content_note(const RunPlan& plan);

// The note for people: which files were removed with the sandbox. Empty: none.
std::string left_files_note(const LeftFiles& left, Terms terms);

}  // namespace dind::sandbox
