// Sends one run's states, output and end to the client, in the form that the client understands.
#pragma once

#include <memory>
#include <string>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "frontends/lsp/progress.hpp"
#include "frontends/shared/ending.hpp"
#include "frontends/shared/output_coalescer.hpp"
#include "rpc/connection.hpp"

namespace dind::frontends::lsp {

// Sends output as window/logMessage. The editor shows each message on lines of its own, so only whole lines are sent.
class LogLines {
 public:
  explicit LogLines(std::shared_ptr<rpc::Connection> connection) : connection_(std::move(connection)) {}
  void add(Channel channel, std::string text, std::shared_ptr<void> hold);
  void finish();

 private:
  void send(std::string text, std::shared_ptr<void> hold);
  std::shared_ptr<rpc::Connection> connection_;
  std::string partial_[2];
};

class LspEventSink final : public EventSink {
 public:
  // `dind_notifications`: the client reads dind/output and dind/run. Any other client gets
  // window/logMessage, and the end as window/showMessage.
  LspEventSink(asio::any_io_executor executor, std::shared_ptr<rpc::Connection> connection, bool dind_notifications,
               std::string run_id, std::string uri, std::string run_name, std::shared_ptr<Progress> progress);

  void on_state(const StateChange& change) override;
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override;
  // Call exactly once. Sends all output before the end.
  void finished(const Result<RunResult>& result);
  bool began() const { return began_; }  // the program had begun

 private:
  void say(const char* state, rpc::Json fields);
  void log_line(const std::string& text);

  std::shared_ptr<rpc::Connection> connection_;
  bool dind_notifications_;
  bool began_ = false;
  LimitsInForce limits_;
  std::string run_id_;
  std::string uri_;
  std::string name_;  // the run's name, for people
  std::shared_ptr<Progress> progress_;
  std::shared_ptr<LogLines> lines_;
  std::shared_ptr<OutputCoalescer> output_;
};

}  // namespace dind::frontends::lsp
