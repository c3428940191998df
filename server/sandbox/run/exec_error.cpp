#include "sandbox/run/exec_error.hpp"

#include <cerrno>
#include <cstring>

#include "languages/python_tools.hpp"
#include "sandbox/run/run_notes.hpp"
#include "sandbox/supervision/frames.hpp"
#include "support/text/escaped.hpp"
#include "support/text/quoted.hpp"
#include "support/text/shortened.hpp"

namespace dind::sandbox {
namespace {

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

}  // namespace dind::sandbox
