#include "sandbox/network/network_holder.hpp"

#include <array>
#include <utility>

#include "sandbox/network/egress_filter.hpp"

namespace dind::sandbox {

NetworkHolder& NetworkHolder::operator=(NetworkHolder&& other) noexcept {
  if (this == &other) return *this;
  if (stream) stream->close();
  stream = std::move(other.stream);
  id = std::move(other.id);
  removal = std::move(other.removal);
  return *this;
}

NetworkHolder::~NetworkHolder() {
  if (stream) stream->close();
}

Task<void> wait_holder_removed(std::shared_ptr<engine::HijackedStream> stream) {
  std::array<char, 4096> buffer;
  while (true) {
    const auto size = co_await stream->read_some(buffer);
    if (!size || *size == 0) co_return;
  }
}

Task<Result<NetworkHolder>> create_network_holder(engine::Client& client, Removals& removals,
                                                  SupervisorContainers& containers, RunPlan plan,
                                                  SandboxContext context, std::string name, Cancel cancel,
                                                  Deadline deadline) {
  const auto cancelled = [] { return fail(ErrorCode::cancelled, "The run was cancelled"); };
  plan.network = Network::internet;
  const auto spec = harden(plan, context);
  NetworkHolder holder;
  holder.removal = removals.expect_container(name);
  const auto created = co_await containers.create(holder.removal, name, spec, deadline);
  if (!created) co_return std::unexpected(created.error());
  holder.id = created->id;
  if (cancel.cancelled()) co_return cancelled();
  const auto reported = co_await client.inspect_container_spec(created->id, deadline);
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(client.as_reported(spec), *reported); !wrong.empty())
    co_return fail(ErrorCode::engine_error, "The engine at " + client.endpoint().address +
                                                " created a build's network with other settings (" + wrong.front() +
                                                ")");
  auto stream = co_await client.attach_container(created->id, deadline);
  if (!stream) co_return std::unexpected(stream.error());
  holder.stream = std::move(*stream);
  if (cancel.cancelled()) co_return cancelled();
  const auto started = co_await client.start_container(created->id, deadline);
  if (!started) co_return std::unexpected(started.error());
  if (cancel.cancelled()) co_return cancelled();
  const auto filtered = co_await install_egress_filter(client, removals, containers,
                                                       harden_egress_filter(created->id, plan.run_id, context),
                                                       name + ".egress-filter", deadline);
  if (!filtered) co_return std::unexpected(filtered.error());
  co_return holder;
}

}  // namespace dind::sandbox
