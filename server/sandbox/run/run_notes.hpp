// Makes notes for people about a run that has ended. Pure.
#pragma once

#include <string>
#include <string_view>

#include "dind/run_event.hpp"
#include "sandbox/plan/plan.hpp"
#include "sandbox/supervision/frame_codec.hpp"
#include "sandbox/supervision/frames.hpp"

namespace dind::sandbox {

// Which file systems of the sandbox were full at its end, and how large they are; or that a file was too large. Empty:
// neither. `volume`: the path for supervision::kVolumeFull.
std::string full_disk_note(const supervision::ExitReport& report, const Limits& limits, Verdict verdict, Terms terms,
                           const std::string& volume = {});

// How hidden_content_note goes on after the folder's name.
inline constexpr std::string_view kEmptyFolder = " is an empty folder in memory";

// Why a run lacks what its image has at `path`, because a folder in memory hides it. Empty: no folder does.
std::string hidden_content_note(std::string_view path);
// The same for the folder in which the plan's image starts.
std::string hidden_content_note(const RunPlan& plan);

// Which files were removed with the sandbox. Empty: none.
std::string left_files_note(const LeftFiles& left, Terms terms);

}  // namespace dind::sandbox
