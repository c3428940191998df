#include "sandbox/run/verdict.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "domain/terms.hpp"
#include "languages/python_tools.hpp"
#include "support/text/escaped.hpp"
#include "support/text/quoted.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind::sandbox {
namespace {

// A shell's exit codes for a child that was killed, and for a child that exceeded the max file size.
constexpr int kKilledExit = 128 + SIGKILL;
constexpr int kFileTooLargeExit = 128 + SIGXFSZ;

Verdict verdict_of(const supervision::ExitReport& report, Stop stop, const RunResult& result) {
  // What the server or the supervisor ended comes first: it is why the program got its signal.
  if (stop == Stop::cancelled) return Verdict::cancelled;
  if (stop == Stop::timeout || report.cause == supervision::Cause::deadline) return Verdict::timeout;
  if (stop == Stop::output_limit || report.cause == supervision::Cause::output_cap) return Verdict::output_limit;
  if (report.cause == supervision::Cause::disk_cap) return Verdict::disk_limit;
  if (report.cause == supervision::Cause::max_tasks) return Verdict::process_limit;
  if (result.exit_code == 0) return Verdict::ok;  // even if a child was killed for memory: oom_seen says so
  if (report.oom_kills > 0 && (result.signal == SIGKILL || result.exit_code == kKilledExit))
    return Verdict::out_of_memory;
  if (report.pids_limit_hits > 0) return Verdict::process_limit;
  if (report.disk_full != 0 || result.signal == SIGXFSZ || result.exit_code == kFileTooLargeExit)
    return Verdict::disk_limit;
  return result.signal ? Verdict::signalled : Verdict::failed;
}

std::vector<std::string> full_file_systems(unsigned char bits, const std::string& volume) {
  std::vector<std::string> names;
  if ((bits & supervision::kTmpFull) != 0) names.emplace_back("/tmp");
  if ((bits & supervision::kRunFolderFull) != 0) names.emplace_back("/sandbox");
  if ((bits & supervision::kShmFull) != 0) names.emplace_back("/dev/shm");
  if ((bits & supervision::kVolumeFull) != 0)
    names.push_back(shortened(escaped(volume), 200) + " (a VOLUME of the image)");
  return names;
}

Error no_folder(const RunPlan& plan, int error) {
  if (error == EACCES)
    return {ErrorCode::invalid_request, "The working directory " + plan.working_dir +
                                            " can't be entered (permission denied): the sandbox's user is not root"};
  return {ErrorCode::not_found, "There is no working directory " + plan.working_dir +
                                    " in the sandbox. Check its path" +
                                    (plan.workspace ? "; the workspace is at " + std::string(kWorkspaceMount)
                                                    : "; the workspace is not mounted in this run")};
}

Error no_program(const RunPlan& plan, const std::string& image, const std::string& what) {
  if (plan.argv.size() >= 3 && plan.argv[0] == "/bin/sh" && plan.argv[1] == "-c")
    return {ErrorCode::not_found, "The image " + image +
                                      " has no shell (/bin/sh), which a command in one text needs: give it as a list "
                                      "of words, or choose an image that has a shell"};
  std::string remedy = ". Check its name, or choose an image that has it";
  if (languages::is_python_tool(plan.argv.front()))
    remedy += "; if a Python package provides it, run it as: python3 -m " + plan.argv.front();
  if (!plan.entrypoint.empty())
    remedy += ". The image's ENTRYPOINT (" + plan.entrypoint +
              ") is not used if a command is given: write it before the command";
  return {ErrorCode::not_found, "There is no program " + what + " in the image " + image + remedy};
}

// `about`: the interpreter, the loader, the machine, or the mode and owner.
std::string why(std::uint32_t flags, const std::string& about) {
  const auto has = [&](supervision::ExecCause cause) { return (flags & cause) != 0; };
  if (has(supervision::kIsFolder)) return "is a folder: name a program in it";
  if (has(supervision::kCarriageReturn))
    return "has Windows line ends (CRLF): its #! line names \"" + about +
           "\" and a carriage return. Convert the file: sed -i 's/\\r$//' FILE";
  if (has(supervision::kNoInterpreter))
    return "names an interpreter that does not exist (#! " + about +
           "): correct the line, or choose an image that has it";
  if (has(supervision::kInterpreterRefused))
    return "names an interpreter that the sandbox's user may not execute (#! " + about + ")";
  if (has(supervision::kNoLoader))
    return "needs the loader " + about +
           ", which does not exist: build the program for this image (its C library is another one), or statically";
  if (has(supervision::kOtherMachine)) return "is a program for " + about + ": build it for that";
  // Another image does not help: a sandbox allows no 32-bit system call.
  if (has(supervision::kBits32))
    return "is a program for " + about + ", and sandboxes run no programs of 32 bits: build it for that, with 64 bits";
  if (has(supervision::kOtherSystem))
    return "is a program for " + about + ", and sandboxes run Linux: build it for Linux";
  if (has(supervision::kNotProgram))
    return "is " + about + ", which Linux does not execute: name the interpreter for it, or build it again";
  if (has(supervision::kDamaged))
    return "is not a whole program (it is cut, damaged, or an object file that was not linked): build or copy it again";
  if (has(supervision::kNoExecuteBit))
    return "is not executable (mode " + about + "): chmod +x it, or name its interpreter";
  if (has(supervision::kNotForUser))
    return "may not be executed by the sandbox's user, who is not root (mode " + about + "): chmod a+rx it";
  if (has(supervision::kNoExecMount))
    return "is on a file system that nothing is executed from: put it elsewhere, or name its interpreter";
  return "is a text without a #! line, and there is no shell (/bin/sh) to run it: name its interpreter";
}

}  // namespace

void judge(const supervision::ExitReport& report, Stop stop, RunResult& result) {
  const int code = static_cast<int>(report.code);
  result.exit_code = report.how == supervision::How::signalled ? std::nullopt : std::optional(code);
  result.signal = report.how == supervision::How::signalled ? std::optional(code) : std::nullopt;
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(report.duration_us));
  result.cpu = std::chrono::microseconds(report.cpu_us);
  if (report.peak_memory_bytes > 0) result.peak_memory_bytes = static_cast<std::int64_t>(report.peak_memory_bytes);
  result.oom_seen = report.oom_kills > 0;
  result.stdout_bytes = report.stdout_bytes;
  result.stderr_bytes = report.stderr_bytes;
  result.dropped_bytes += report.dropped_bytes;
  result.verdict = verdict_of(report, stop, result);
  // A program may continue after it met a limit. Then its verdict does not tell of the limit.
  if (report.pids_limit_hits > 0 && result.verdict != Verdict::process_limit)
    result.notes.emplace_back("it reached its limit of processes");
}

std::string full_disk_note(const supervision::ExitReport& report, const Limits& limits, Verdict verdict,
                           const std::string& volume) {
  std::string full;
  const auto names = full_file_systems(report.disk_full, volume);
  for (const auto& name : names) full += (full.empty() ? "" : ", ") + name;
  if (!names.empty())
    return full + (names.size() > 1 ? " were full at its end (" : " was full at its end (") +
           format_bytes(limits.tmp_bytes) +
           " in memory each; only the operator sets it: limits.tmp in the configuration): write less, or into a "
           "writable workspace";
  if (verdict == Verdict::disk_limit && report.cause == supervision::Cause::none)
    return "it wrote a file of more than " + format_bytes(limits.file_bytes) +
           " (limits.fileSize in the configuration)";
  return {};
}

Error not_executable(const RunPlan& plan, const std::string& image, int error_number, const std::string& detail) {
  const auto flags = static_cast<std::uint32_t>(error_number) & ~supervision::kErrnoMask;
  const int error = static_cast<int>(static_cast<std::uint32_t>(error_number) & supervision::kErrnoMask);
  if ((flags & supervision::kNoFolder) != 0) return no_folder(plan, error);
  const std::string what = quoted(plan.argv.front(), 200);
  const std::string about = shortened(escaped(detail), 200);
  if (flags != 0) return {ErrorCode::invalid_request, what + " in the image " + image + " " + why(flags, about)};
  if (error == ENOENT || error == ENOTDIR) {
    auto missing = no_program(plan, image, what);
    const auto& path = plan.argv.front();
    if (const auto note = hidden_content_note(path.starts_with('/') ? path : plan.image_dir);
        !note.empty() && path.contains('/'))
      missing.message += ". " + note;
    return missing;
  }
  if (error == EACCES)
    return {ErrorCode::invalid_request,
            what + " in the image " + image +
                " can't be executed (permission denied): the sandbox's user is not root, regardless of USER. Let all "
                "read and run it, and enter the folders above it (chmod -R a+rX in the Dockerfile)"};
  return {ErrorCode::invalid_request, what + " in the image " + image + " can't be executed: " + std::strerror(error)};
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
