#include "sandbox/run/run_notes.hpp"

#include <algorithm>
#include <vector>

#include "domain/terms.hpp"
#include "support/text/escaped.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind::sandbox {
namespace {

std::vector<std::string> full_file_systems(unsigned char bits, const std::string& volume) {
  std::vector<std::string> names;
  if ((bits & supervision::kTmpFull) != 0) names.emplace_back("/tmp");
  if ((bits & supervision::kRunFolderFull) != 0) names.emplace_back("/sandbox");
  if ((bits & supervision::kShmFull) != 0) names.emplace_back("/dev/shm");
  if ((bits & supervision::kVolumeFull) != 0)
    names.push_back(shortened(escaped(volume), 200) + " (a VOLUME of the image)");
  return names;
}

}  // namespace

std::string full_disk_note(const supervision::ExitReport& report, const Limits& limits, Verdict verdict, Terms terms,
                           const std::string& volume) {
  std::string full;
  const auto names = full_file_systems(report.disk_full, volume);
  for (const auto& name : names) full += (full.empty() ? "" : ", ") + name;
  if (!names.empty())
    return full + (names.size() > 1 ? " were full at its end (" : " was full at its end (") +
           format_bytes(limits.tmp_bytes) + " in memory each): " + more_tmp_in_terms(terms) +
           ", write less, or write into a writable workspace";
  if (verdict == Verdict::disk_limit && report.cause == supervision::Cause::none)
    return "it wrote a file of more than " + format_bytes(limits.file_bytes) +
           " (limits.fileSize in the configuration)";
  return {};
}

std::string hidden_content_note(std::string_view path) {
  for (const char* name : {"/tmp", "/dev/shm", "/sandbox"})
    if (const std::string folder = name; path == folder || path.starts_with(folder + "/"))
      return folder + std::string(kEmptyFolder) +
             ", which hides what the image has there: put it elsewhere (WORKDIR /app)";
  return {};
}

std::string hidden_content_note(const RunPlan& plan) { return hidden_content_note(plan.image_dir); }

std::string left_files_note(const LeftFiles& left, Terms terms) {
  if (left.count == 0) return {};
  auto names = left.names;
  std::ranges::sort(names);
  std::string listed;
  for (const auto& name : names) listed += (listed.empty() ? "" : ", ") + shortened(escaped(name), 80);
  if (left.count > names.size()) listed += ", …";
  return (left.count == 1 ? "1 file that the program wrote was discarded: "
                          : std::to_string(left.count) + " files that the program wrote were discarded: ") +
         listed + " (a run of its folder keeps files: " +
         in_terms(terms, {.fields = "\"workspace\": \"readWrite\"",
                          .flags = "--workspace DIR",
                          .settings = "Run Workspace in DinD"}) +
         ")";
}

}  // namespace dind::sandbox
