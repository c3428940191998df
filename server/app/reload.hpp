// What changes while a server runs: tokens, limits and numbers of runs, from their files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/composition.hpp"
#include "app/configuration.hpp"
#include "frontends/http/gate.hpp"
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::app {

struct Reloaded {
  std::vector<std::string> configuration_files;  // where one is or may come to be
  std::string token_file;                        // empty: tokens come from elsewhere
  std::shared_ptr<frontends::http::Gate> gate;   // null: no HTTP
};

// Until `stop`: reads the files again at SIGHUP, and within some seconds after one has changed. A file that is wrong is
// an error in the log, and what was in force stays. What changes after this call is seen, however late the task begins.
Task<void> keep_reloading(asio::any_io_executor executor, Core& core, Reloaded what, Cancel stop);

}  // namespace dind::app
