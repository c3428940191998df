#include "services/builds/build_network.hpp"

#include "sandbox/run/silent_end.hpp"

namespace dind {

using namespace std::chrono_literals;

Task<Error> build_network_lost(engine::Client& client, std::string id) {
  const auto end = co_await client.container_end(std::move(id), in(2s));
  const auto& engine = client.endpoint().address;
  if (!end && end.error().code == ErrorCode::engine_unavailable) co_return end.error();
  if (end && sandbox::lease_is_over(*end))
    co_return Error{ErrorCode::engine_unavailable,
                    "The connection to the engine at " + engine + " broke during the build. Try again"};
  co_return Error{ErrorCode::engine_error,
                  "The container that held the build's network was removed from the engine at " + engine +
                      ", by another program or for lack of memory. Try again"};
}

}  // namespace dind
