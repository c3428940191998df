// Reloads what may change while a server runs: tokens, limits and maximum numbers of runs, from their files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "frontends/http/gate.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::app {

struct Reloaded {
  std::vector<std::string> configuration_files;  // where one exists or may be created later
  std::string token_file;                        // empty: the tokens do not come from a file
  std::shared_ptr<frontends::http::Gate> gate;   // null: no HTTP
};

// Runs until `stop`. Reads the files again at SIGHUP, and within some seconds after a file has
// changed. A wrong file is an error in the log, and the old values stay in force. A change after this
// call is noticed, even if the task starts later.
Task<void> keep_reloading(asio::any_io_executor executor, Core& core, Reloaded what, Cancel stop);

}  // namespace dind::app
