#include "sandbox/network/egress_filter.hpp"

#include <utility>

#include "engine/reasons.hpp"
#include "sandbox/advice.hpp"
#include "sandbox/hardening.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {

namespace {

Task<Result<void>> install_once(engine::Client& client, Removals& removals, SupervisorContainers& containers,
                                engine::ContainerSpec spec, std::string name, Deadline deadline) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::engine_error,
                "The egress filter of the sandbox could not be installed, so the program was not started (" + why +
                    "). Run it without a network" + std::string(kAskDoctor));
  };
  auto removal = removals.expect_container(name);
  const auto created = co_await containers.create(removal, name, spec, deadline);
  if (!created) co_return std::unexpected(created.error());
  const auto reported = co_await client.inspect_container_spec(created->id, deadline);
  if (!reported) co_return std::unexpected(reported.error());
  if (const auto wrong = differences(client.as_reported(spec), *reported); !wrong.empty())
    co_return refuse(wrong.front());
  const auto started = co_await client.start_container(created->id, deadline);
  if (!started) co_return std::unexpected(started.error());
  const auto ended = co_await client.wait_container(created->id, "not-running", deadline);
  if (!ended) co_return std::unexpected(ended.error());
  if (ended->status_code != 0)
    co_return refuse("the supervisor ended with exit code " + std::to_string(ended->status_code));
  co_return Result<void>{};
}

}  // namespace

Task<Result<void>> install_egress_filter(engine::Client& client, Removals& removals, SupervisorContainers& containers,
                                         engine::ContainerSpec spec, std::string name, Deadline deadline) {
  const auto installed = co_await install_once(client, removals, containers, spec, name, deadline);
  if (installed || !engine::lost_a_file_at_start(installed.error().message)) co_return installed;
  log(LogLevel::info, "The egress filter did not start (" + installed.error().message + "); trying again");
  co_return co_await install_once(client, removals, containers, std::move(spec), name + ".1", deadline);
}

}  // namespace dind::sandbox
