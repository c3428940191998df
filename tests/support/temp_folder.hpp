// A temporary folder, which the destructor removes.
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
    std::error_code locked;  // a test may have removed permissions
    std::filesystem::remove_all(path, locked);
  }
  void folder(const std::string& name) const { std::filesystem::create_directories(path / name); }
  // Writes a file, and creates the folders that are missing.
  void write(const std::string& name, const std::string& text = "x\n") const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << text;
  }
  std::filesystem::path path;
};

}  // namespace dind::tests
