// Writes what a run shows: the program's bytes with progress and a verdict, or events as JSON lines.
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
// The streams of this process. Respects NO_COLOR and TERM=dumb.
Streams process_streams();

class RunOutput : public EventSink {
 public:
  // Call exactly one of these, after the run.
  virtual void finished(const RunResult& result) = 0;
  virtual void failed(const Error& error) = 0;
};

// Writes the program's stdout and stderr byte for byte. Writes progress and one verdict line to stderr unless `quiet`.
std::unique_ptr<RunOutput> plain_output(FdWriter& writer, Streams streams, bool quiet);

// Writes events as JSON lines to stdout (docs/cli.md), and nothing to stderr.
std::unique_ptr<RunOutput> json_output(FdWriter& writer, Streams streams);

}  // namespace dind::frontends::cli
