// Arguments of `dind-executor history …`.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"

namespace CLI {
class App;
}

namespace dind::frontends::cli {

struct HistoryArguments {
  enum class Action { list, show, rerun, prune, export_to, import_from };
  Action action = Action::list;
  std::string id;          // show, rerun: the start of an id is enough
  std::size_t limit = 20;  // list
  std::map<std::string, std::string> env;
  std::optional<std::vector<std::string>> args;  // rerun: replaces the recorded ones
  std::optional<std::string> stdin_file;
  std::optional<std::size_t> keep;  // prune; if nothing selects runs: the configuration's bounds
  std::optional<std::chrono::milliseconds> older_than;
  std::string file;                              // export, import: "-" is stdout or stdin
  std::optional<std::string> run, client, user;  // forget the runs of one id, one client, one user
  bool all = false;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
  bool record = true;  // rerun: false records nothing of the new run
};

// Adds the command `history` to `app`, and returns its arguments after `app` has parsed.
class HistoryOptions {
 public:
  HistoryOptions(CLI::App& app, const std::function<void(CLI::App&)>& add_global);
  ~HistoryOptions();
  HistoryOptions(const HistoryOptions&) = delete;
  HistoryOptions& operator=(const HistoryOptions&) = delete;

  const CLI::App* command() const;
  // `rest`: what follows `--`, if the command line has `--`. Errors (invalid_request): one line that says what to do.
  Result<HistoryArguments> arguments(std::optional<std::vector<std::string>> rest) const;

 private:
  struct Raw;
  std::unique_ptr<Raw> raw_;
};

}  // namespace dind::frontends::cli
