// WorkspaceRuns for folders on the disk of this machine and in the configured workspace.
#pragma once

#include <string>

#include "sandbox/sandbox_host.hpp"
#include "services/workspaces/workspace_runs.hpp"

namespace dind {

class LocalWorkspaceRuns final : public WorkspaceRuns {
 public:
  explicit LocalWorkspaceRuns(sandbox::SandboxHost& sandboxes) : sandboxes_(sandboxes) {}
  void set_if_unset(const std::string& folder) override;
  Result<BuildFolder> build_folder(const std::string& folder) override;
  void forget(const std::string& folder) override;
  Result<WorkspaceProgramList> programs(const std::string& folder, Terms terms) override;
  Result<RunSpec> spec(const WorkspaceRequest& request) override;

 private:
  sandbox::SandboxHost& sandboxes_;
};

}  // namespace dind
