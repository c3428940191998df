#include "frontends/jsonrpc/event_sink.hpp"

#include "wire/event_codec.hpp"

namespace dind::frontends::jsonrpc {

using rpc::Json;

JsonRpcEventSink::JsonRpcEventSink(asio::any_io_executor executor, std::shared_ptr<rpc::Connection> connection,
                                   std::string run_id)
    : connection_(std::move(connection)),
      run_id_(std::move(run_id)),
      output_(OutputCoalescer::make(std::move(executor), [connection = connection_, id = run_id_](
                                                             Channel channel, std::string text,
                                                             std::shared_ptr<void> hold) {
        connection->notify("run/output", {{"runId", id}, {"channel", to_string(channel)}, {"text", std::move(text)}},
                           std::move(hold));
      })) {}

void JsonRpcEventSink::on_state(const StateChange& change) {
  Json fields = state_fields(change);
  fields["runId"] = run_id_;
  fields["state"] = state_name(change);
  connection_->notify("run/state", std::move(fields));
}

void JsonRpcEventSink::on_output(Channel channel, std::string_view bytes, OutputCredit credit) {
  output_->add(channel, bytes, std::move(credit));
}

void JsonRpcEventSink::finish() { output_->finish(); }

}  // namespace dind::frontends::jsonrpc
