#include "sandbox/creation.hpp"

namespace dind::sandbox {

Task<Result<engine::CreatedContainer>> create_owed(engine::Client& client, Removals::Debt& debt, std::string name,
                                                   engine::ContainerSpec spec, Deadline deadline) {
  debt.begin_create();
  auto created = co_await client.create_container(name, std::move(spec), deadline);
  if (created || created.error().engine_status != 0) debt.end_create();
  if (created || created.error().engine_status != 409) co_return created;
  const auto there = co_await client.inspect_container(name, deadline);
  if (!there || there->id.empty()) co_return created;
  co_return engine::CreatedContainer{.id = there->id, .warnings = {}};
}

}  // namespace dind::sandbox
