// `dind-executor history …` on the command line.
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
  std::string id;          // show, rerun: the beginning of one is enough
  std::size_t limit = 20;  // list
  std::map<std::string, std::string> env;
  std::optional<std::vector<std::string>> args;  // rerun: in place of the recorded ones
  std::optional<std::string> stdin_file;
  std::optional<std::size_t> keep;  // prune; none of the three: the bounds of the configuration
  std::optional<std::chrono::milliseconds> older_than;
  std::string file;                              // export, import: "-" is stdout or stdin
  std::optional<std::string> run, client, user;  // forget those of one id, one client, one user
  bool all = false;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
  bool record = true;  // rerun: false keeps nothing of the new run
};

// The command `history` in `app`, and what it was given once `app` has parsed.
class HistoryOptions {
 public:
  HistoryOptions(CLI::App& app, const std::function<void(CLI::App&)>& add_global);
  ~HistoryOptions();
  HistoryOptions(const HistoryOptions&) = delete;
  HistoryOptions& operator=(const HistoryOptions&) = delete;

  const CLI::App* command() const;
  // `rest`: what followed `--`, if that was there. Errors (invalid_request): one line that names the remedy.
  Result<HistoryArguments> arguments(std::optional<std::vector<std::string>> rest) const;

 private:
  struct Raw;
  std::unique_ptr<Raw> raw_;
};

}  // namespace dind::frontends::cli
