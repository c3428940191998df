// From what was seen of a run's end to its one verdict. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/supervisor_codec.hpp"
#include "sandbox/supervisor_wire.hpp"

namespace dind::sandbox {

// What ended the run from our side, where something did.
enum class Stop { none, timeout, output_limit, cancelled };

// Puts verdict, exit code, signal, usage and byte counts of `report` into `result`. `report.how` is not exec_failed.
void judge(const wire::ExitReport& report, Stop stop, RunResult& result);

// For people: which file systems of the sandbox were full at its end, and how large they are; or that a file was too
// large. Empty: neither. `volume`: the path for wire::kVolumeFull.
std::string full_disk_note(const wire::ExitReport& report, const Limits& limits, Verdict verdict,
                           const std::string& volume = {});

// Why the program of `plan` did not begin: `error_number` is that of its exec, with what wire::ExecCause adds, or with
// wire::kNoFolder of its folder. `detail`: what the cause is about.
Error not_executable(const RunPlan& plan, const std::string& image, int error_number, const std::string& detail = {});

// How hidden_content_note goes on after the folder's name.
inline constexpr std::string_view kEmptyFolder = " is an empty folder in memory";

// For people: why a run lacks what its image has at `path`: a folder in memory hides it. Empty: none does.
std::string hidden_content_note(std::string_view path);
// The same of the folder in which the plan's image starts.
std::string hidden_content_note(const RunPlan& plan);

// For people: which files went with the sandbox; empty: none.
std::string left_files_note(const LeftFiles& left, Terms terms);

}  // namespace dind::sandbox
