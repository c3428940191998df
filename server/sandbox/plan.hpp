// What we decided to do for a RunSpec, before any engine is asked. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dind/run_spec.hpp"

namespace dind::sandbox {

// Where the program's own files and its first working directory are: a tmpfs of the run.
inline constexpr const char* kRunFolder = "/sandbox";

struct RunFile {
  std::string path;  // absolute
  std::string bytes;
  std::uint32_t mode = 0644;
  bool operator==(const RunFile&) const = default;
};

struct RunPlan {
  std::string run_id;
  std::string name;                 // for people: the file's name, or the command
  std::string language;             // a recipe's id; empty for a command
  std::vector<std::string> images;  // in order of preference: the first that the engine has, else the first is pulled
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;  // put over the image's own
  std::string working_dir;                 // empty: the image's own, or kRunFolder where that is /
  std::vector<RunFile> files;
  Limits limits;
  Network network = Network::none;
  std::vector<std::string> notes;
  bool operator==(const RunPlan&) const = default;
};

}  // namespace dind::sandbox
