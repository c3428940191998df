// A temporary workspace with a project, from which a test makes a build context.
#pragma once

#include <string>

#include "support/temp_folder.hpp"

namespace dind::tests {

struct ContextFolder : TempFolder {
  ContextFolder() { folder("workspace/project"); }
  std::string workspace() const { return path / "workspace"; }
  // Writes a file of the project.
  void write(const std::string& name, const std::string& text) const {
    TempFolder::write("workspace/project/" + name, text);
  }
};

}  // namespace dind::tests
