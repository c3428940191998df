#include "app/reload.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <utility>

#include "app/file_mark.hpp"
#include "support/log/log.hpp"

namespace dind::app {

using namespace std::chrono_literals;

namespace {

constexpr auto kFileCheckInterval = 2s;

void load_limits(Core& core) {
  const auto configuration = load_configuration();
  if (!configuration)
    return log(LogLevel::error, configuration.error().message + ". The previous limits stay in force");
  core.take_limits(*configuration);
  log(LogLevel::info, "The limits were reloaded" +
                          (configuration->path.empty() ? std::string() : " from " + configuration->path) +
                          "; other settings apply after a restart");
}

void load_tokens(const Reloaded& what) {
  const auto tokens = frontends::http::read_token_file(what.token_file);
  if (!tokens) return log(LogLevel::error, tokens.error().message + ". The previous tokens stay in force");
  what.gate->take_tokens(frontends::http::Tokens(*tokens));
  log(LogLevel::info, (tokens->size() == 1 ? "1 token was" : std::to_string(tokens->size()) + " tokens were") +
                          " reloaded from " + what.token_file);
}

struct Asked {
  explicit Asked(const asio::any_io_executor& executor) : wake(executor), signals(executor, SIGHUP) {}
  Signal wake;
  asio::signal_set signals;
  bool by_signal = false;
};

void listen(const std::shared_ptr<Asked>& asked) {
  asked->signals.async_wait([weak = std::weak_ptr(asked)](const boost::system::error_code& aborted, int) {
    const auto alive = weak.lock();
    if (aborted || !alive) return;
    alive->by_signal = true;
    alive->wake.notify();
    listen(alive);
  });
}

struct Marks {
  explicit Marks(const Reloaded& what) : tokens(file_mark(what.token_file)) {
    for (const auto& file : what.configuration_files) limits += file_mark(file) + ' ';
  }
  std::string limits, tokens;
};

Task<void> follow(std::shared_ptr<Asked> asked, Core& core, Reloaded what, Marks known, Cancel stop) {
  const auto stopped = stop.on_cancel([asked] { asked->wake.notify(); });
  const bool has_tokens = what.gate != nullptr && !what.token_file.empty();
  while (!stop.cancelled()) {
    if (!asked->by_signal) co_await asked->wake.wait(in(kFileCheckInterval));
    if (stop.cancelled()) break;
    const bool all = std::exchange(asked->by_signal, false);
    Marks now(what);
    if (all || now.limits != known.limits) load_limits(core);
    if (has_tokens && (all || now.tokens != known.tokens)) load_tokens(what);
    known = std::move(now);
  }
}

}  // namespace

Task<void> keep_reloading(asio::any_io_executor executor, Core& core, Reloaded what, Cancel stop) {
  const auto asked = std::make_shared<Asked>(executor);
  listen(asked);
  Marks now(what);
  return follow(asked, core, std::move(what), std::move(now), std::move(stop));
}

}  // namespace dind::app
