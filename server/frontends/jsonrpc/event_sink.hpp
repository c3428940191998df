// Sends a live run's notifications to a client: `run/state` and `run/output` (docs/rpc.md).
#pragma once

#include <memory>
#include <string>

#include "dind/run_event.hpp"
#include "frontends/shared/output_coalescer.hpp"
#include "rpc/connection.hpp"

namespace dind::frontends::jsonrpc {

class JsonRpcEventSink final : public EventSink {
 public:
  JsonRpcEventSink(asio::any_io_executor executor, std::shared_ptr<rpc::Connection> connection, std::string run_id);
  void on_state(const StateChange& change) override;
  void on_output(Channel channel, std::string_view bytes, OutputCredit credit) override;
  void finish();  // sends what is left of the output

 private:
  std::shared_ptr<rpc::Connection> connection_;
  std::string run_id_;
  std::shared_ptr<OutputCoalescer> output_;
};

}  // namespace dind::frontends::jsonrpc
