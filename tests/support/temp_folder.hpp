// A folder of the test's own, which goes with it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace dind::tests {

struct TempFolder {
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dind-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code locked;  // by a test, where it does not run as root
    std::filesystem::remove_all(path, locked);
  }
  void folder(const std::string& name) const { std::filesystem::create_directories(path / name); }
  // A file, in folders that are made where they are missing.
  void write(const std::string& name, const std::string& text = "x\n") const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << text;
  }
  std::filesystem::path path;
};

}  // namespace dind::tests
