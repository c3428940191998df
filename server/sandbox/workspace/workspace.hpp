// The workspace: the operator's folder that runs may see.
//
// It is one root folder. Its path on the engine's machine is known, and its path here if this process can see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "engine/client.hpp"
#include "support/async/task.hpp"

namespace dind::sandbox {

struct Workspace {
  std::string engine_path;                                   // absolute; empty: no workspace
  std::string path;                                          // absolute, for this process; empty: it can't see it
  std::optional<std::string> owner;                          // "1000:1000"; nullopt: the owner of `path`
  WorkspaceAccess max_access = WorkspaceAccess::read_write;  // max access of a run
  bool there() const { return !engine_path.empty(); }
};

// The same with `root` as its folder, which has the same path here and on the engine's machine. `root` empty:
// `workspace` itself.
Workspace with_root(Workspace workspace, const std::string& root);

// The user of runs that have the workspace: its owner, so that no file in it becomes root's or nobody's. The user is
// nobody if the owner is root or not known. Then `note` says that a program can't write there, and why.
std::string workspace_user(const Workspace& workspace, std::string& note);

// A number that tells a folder from another one that took its place. 0: it does not exist, or this process can't see
// it.
std::uint64_t inode_of(const std::string& path);

// Checks that the engine and this process see the same folder. The engine is asked about the workspace in `container`,
// which mounts it and need not be started. Error (invalid_request): they differ; it names both paths. If this process
// can't see the workspace, the check passes.
Task<Result<void>> check_same_folder(engine::Client& client, std::string container, const Workspace& workspace,
                                     Deadline deadline);

// Rewrites the engine's refusal to mount the workspace in the operator's terms. Other errors stay as they are.
Error workspace_error(Error error, const Workspace& workspace);

}  // namespace dind::sandbox
