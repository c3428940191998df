// The operator's folder that runs may see: one root, known by its path on the engine's machine and, where we see it
// too, by our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "engine/client.hpp"
#include "support/task.hpp"

namespace dind::sandbox {

struct Workspace {
  std::string engine_path;                             // absolute; empty: there is none
  std::string path;                                    // absolute, on our side; empty: we don't see it
  std::optional<std::string> owner;                    // "1000:1000"; none: whoever owns `path`
  WorkspaceAccess most = WorkspaceAccess::read_write;  // what a run may get
  bool there() const { return !engine_path.empty(); }
};

// The same with another folder, which has the same path here and on the engine's machine. Empty: `workspace` itself.
Workspace with_root(Workspace workspace, const std::string& root);

// The user that runs with the workspace have: its owner, so that no file in it becomes root's or nobody's. Nobody where
// that is root or can't be known; then `note` says that a program can't write there, and why.
std::string workspace_user(const Workspace& workspace, std::string& note);

// Tells one folder from another that took its place. 0: there is none, or we don't see it.
std::uint64_t inode_of(const std::string& path);

// Whether the engine's folder is ours: a container of ours with the workspace mounted (created is enough) is asked
// about it. Error (invalid_request) names both paths. Nothing to compare with: fine.
Task<Result<void>> check_same_folder(engine::Client& client, std::string container, const Workspace& workspace,
                                     Deadline deadline);

// The engine's refusal to mount it, in the words of whoever set it up; another error as it is.
Error workspace_error(Error error, const Workspace& workspace);

}  // namespace dind::sandbox
