#include "app/stops.hpp"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <memory>

namespace dind::app {
namespace {

void hear_next(const std::shared_ptr<asio::signal_set>& signals, Stops stops, int heard) {
  signals->async_wait([signals, stops, heard](const boost::system::error_code& aborted, int signal) mutable {
    if (aborted) return;
    if (heard >= 2) ::_exit(128 + signal);
    (heard == 1 ? stops.stop : stops.drain).cancel(CancelReason::shutdown);
    hear_next(signals, stops, heard + 1);
  });
}

}  // namespace

void listen_for_stop(const asio::any_io_executor& executor, std::initializer_list<int> signals, Stops stops) {
  const auto set = std::make_shared<asio::signal_set>(executor);
  for (const int each : signals) set->add(each);
  hear_next(set, std::move(stops), 0);
}

}  // namespace dind::app
