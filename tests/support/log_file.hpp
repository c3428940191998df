// Sends the log to a temporary file. The destructor sends it to stderr again.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/log/log.hpp"
#include "support/temp_folder.hpp"

namespace dind::tests {

class LogFile {
 public:
  explicit LogFile(LogSettings settings) {
    settings.file = path();
    if (const auto set = set_up_log(settings); !set) throw std::runtime_error(set.error().message);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() { (void)set_up_log({}); }
  const std::filesystem::path& folder() const { return folder_.path; }
  std::string path() const { return (folder_.path / "log.txt").string(); }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::ifstream in(path());
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

 private:
  TempFolder folder_;
};

}  // namespace dind::tests
