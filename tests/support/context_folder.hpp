// A workspace of the test's own with a project in it, from which a build context is made.
#pragma once

#include <string>

#include "support/temp_folder.hpp"

namespace dind::tests {

struct ContextFolder : TempFolder {
  ContextFolder() { folder("workspace/project"); }
  std::string workspace() const { return path / "workspace"; }
  // A file of the project.
  void write(const std::string& name, const std::string& text) const {
    TempFolder::write("workspace/project/" + name, text);
  }
};

}  // namespace dind::tests
