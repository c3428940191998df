// What a caller asks for: a program, its surroundings and its limits. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dind {

enum class Network { none, internet };

// When an image is pulled: where the engine has none, not at all, or before every run.
enum class PullPolicy { missing, never, always };
std::string_view name(PullPolicy policy);
std::optional<PullPolicy> pull_policy(std::string_view name);

// What a run may use. Every field has a default and an operator's maximum; 0 and negative numbers never mean
// "unlimited".
struct Limits {
  std::chrono::milliseconds timeout{60'000};  // wall clock, from the program's start
  std::int64_t memory_bytes = 512LL << 20;    // with swap: none on top
  double cpus = 1.0;                          // CPUs' worth of time
  std::int64_t pids = 256;                    // processes and threads
  std::int64_t tmp_bytes = 64LL << 20;        // each of the writable tmpfs
  std::int64_t open_files = 1024;             // a process
  std::int64_t file_bytes = 256LL << 20;      // one file
  std::int64_t output_bytes = 4LL << 30;      // stdout and stderr together; past it the run ends: output_limit
  bool operator==(const Limits&) const = default;
};

// The limits that a caller named; what it left out comes from the configuration.
struct LimitsRequest {
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::int64_t> memory_bytes;
  std::optional<double> cpus;
  std::optional<std::int64_t> pids;
};

// A file with its text, run by the recipe of its language.
struct SourceProgram {
  std::string file_name;                // base name; names the file in the sandbox and in the program's own messages
  std::string text;                     // bytes as they are
  std::optional<std::string> language;  // a recipe's id; without it the name and the first line decide
};

// A command in an image: argv as it is, or one string for the image's /bin/sh.
struct CommandProgram {
  std::variant<std::vector<std::string>, std::string> command;
};

struct RunSpec {
  std::variant<SourceProgram, CommandProgram> program;
  std::optional<std::string> image;  // required for a command; overrides the recipe's for a source
  std::vector<std::string> args;     // the program's arguments (source programs)
  std::map<std::string, std::string> env;
  LimitsRequest limits;
  Network network = Network::none;
  std::optional<std::string> run_id;  // [A-Za-z0-9_-]{1,64}; made up when absent
  std::optional<PullPolicy> pull;     // the configuration's when absent
};

}  // namespace dind
