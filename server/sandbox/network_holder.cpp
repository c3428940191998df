#include "sandbox/network_holder.hpp"

#include "sandbox/fence.hpp"

namespace dind::sandbox {

Task<Result<NetworkHolder>> hold_network(engine::Client& client, Removals& removals, RunPlan plan,
                                         Surroundings surroundings, std::string name, Deadline deadline) {
  plan.network = Network::internet;
  const auto spec = harden(plan, surroundings);
  NetworkHolder holder{.debt = removals.owe(name), .id = {}, .stream = {}};
  const auto created = co_await client.create_container(name, spec, deadline);
  if (!created) co_return std::unexpected(created.error());
  holder.id = created->id;
  const auto reported = co_await client.inspect_container_spec(created->id, deadline);
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(spec, *reported); !wrong.empty())
    co_return fail(ErrorCode::engine_error, "The engine at " + client.endpoint().address +
                                                " did not make a build's network as asked (" + wrong.front() + ")");
  auto stream = co_await client.attach_container(created->id, deadline);
  if (!stream) co_return std::unexpected(stream.error());
  holder.stream = std::move(*stream);
  const auto started = co_await client.start_container(created->id, deadline);
  if (!started) co_return std::unexpected(started.error());
  const auto fenced = co_await raise_fence(client, removals, harden_fence(created->id, plan.run_id, surroundings),
                                           name + ".fence", deadline);
  if (!fenced) co_return std::unexpected(fenced.error());
  co_return holder;
}

}  // namespace dind::sandbox
