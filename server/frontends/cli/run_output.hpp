// What a run shows: the program's bytes with progress and a verdict beside them, or events as JSON lines.
#pragma once

#include <memory>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"

namespace dind {
class FdWriter;
}

namespace dind::frontends::cli {

struct Streams {
  int in = 0;
  int out = 1;
  int err = 2;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;  // on `err`
};
// Of this process; NO_COLOR and TERM=dumb are respected.
Streams process_streams();

class RunOutput : public EventSink {
 public:
  // Exactly one of them, after the run.
  virtual void finished(const RunResult& result) = 0;
  virtual void failed(const Error& error) = 0;
};

// The program's stdout and stderr byte for byte; progress and one verdict line on stderr unless `quiet`.
std::unique_ptr<RunOutput> plain_output(FdWriter& writer, Streams streams, bool quiet);

// Events as JSON lines on stdout (docs/cli.md); nothing on stderr.
std::unique_ptr<RunOutput> json_output(FdWriter& writer, Streams streams);

}  // namespace dind::frontends::cli
