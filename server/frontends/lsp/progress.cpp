#include "frontends/lsp/progress.hpp"

#include "support/ids.hpp"

namespace dind::frontends::lsp {

using rpc::Json;

std::shared_ptr<Progress> Progress::begin(std::shared_ptr<rpc::Connection> connection, Json token, bool may_ask,
                                          std::string title) {
  std::shared_ptr<Progress> self(new Progress(std::move(connection), std::move(title)));
  if (token.is_string() || token.is_number_integer()) {
    self->token_ = std::move(token);
    self->start();
  } else if (may_ask) {
    self->token_ = "dind-" + random_id();
    self->connection_->request("window/workDoneProgress/create", {{"token", self->token_}},
                               [self](const Result<Json>& answer) {
                                 if (answer) self->start();  // also if the run has ended meanwhile
                               });
  }
  return self;
}

void Progress::start() {
  begun_ = true;
  send({{"kind", "begin"}, {"title", title_}, {"cancellable", true}});
  if (!last_.is_null()) send(std::exchange(last_, nullptr));
}

void Progress::send(Json value) { connection_->notify("$/progress", {{"token", token_}, {"value", std::move(value)}}); }

void Progress::report(std::string message, std::optional<int> percent) {
  if (ended_ || token_.is_null()) return;
  Json value{{"kind", "report"}, {"message", std::move(message)}};
  if (percent) value["percentage"] = *percent;
  if (begun_)
    send(std::move(value));
  else
    last_ = std::move(value);
}

void Progress::end(std::string message) {
  if (std::exchange(ended_, true) || token_.is_null()) return;
  Json value{{"kind", "end"}, {"message", std::move(message)}};
  if (begun_)
    send(std::move(value));
  else
    last_ = std::move(value);
}

}  // namespace dind::frontends::lsp
