#include "sandbox/fixtures.hpp"

#include <chrono>

#include "sandbox/embedded.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/tar.hpp"
#include "support/ids.hpp"

namespace dind::sandbox {

std::string supervisor_volume_name() { return "dind-supervisor-" + sha256(supervisor_binary()); }

Fixtures::Fixtures(engine::Client& client, Removals& removals, std::string owner)
    : client_(client), removals_(removals), owner_(std::move(owner)), volume_(supervisor_volume_name()) {}

Task<Result<void>> Fixtures::ensure_supervisor(std::string image_id, Deadline deadline) {
  if (volume_seen_) co_return Result<void>{};
  const auto there = co_await client_.volume_exists(volume_, deadline);
  if (!there) co_return std::unexpected(there.error());
  if (*there) {
    volume_seen_ = true;
    co_return Result<void>{};
  }
  co_return co_await fill(std::move(image_id), deadline);
}

Task<Result<void>> Fixtures::refill_supervisor(std::string image_id, Deadline deadline) {
  volume_seen_ = false;
  co_return co_await fill(std::move(image_id), deadline);
}

// Two that fill at once put the same bytes into it: the engine writes each file whole, under its final name.
Task<Result<void>> Fixtures::fill(std::string image_id, Deadline deadline) {
  engine::VolumeSpec volume{.name = volume_, .labels = {{kCacheLabel, "supervisor"}}};
  if (const auto made = co_await client_.create_volume(std::move(volume), deadline); !made)
    co_return std::unexpected(made.error());

  engine::ContainerSpec carrier;
  carrier.image = std::move(image_id);
  carrier.entrypoint = {kSupervisorPath};
  const auto expires = std::chrono::system_clock::now() + std::chrono::minutes(10);
  carrier.labels = {{kOwnerLabel, owner_},
                    {kRunLabel, "carrier"},
                    {kDeadlineLabel, std::to_string(std::chrono::system_clock::to_time_t(expires))}};
  carrier.user = "65534:65534";
  carrier.cap_drop = {"ALL"};
  carrier.read_only_rootfs = false;  // the engine refuses to put files into a container with a read-only one
  carrier.pids_limit = 1;
  carrier.mounts = {{.kind = engine::Mount::Kind::volume,
                     .source = volume_,
                     .target = "/.dind",
                     .read_only = false,
                     .no_copy = true}};
  const std::string name = "dind-carrier-" + random_id();
  const auto debt = removals_.owe(name);
  const auto created = co_await client_.create_container(name, std::move(carrier), deadline);
  if (!created) co_return std::unexpected(created.error());
  const TarFile file{.path = "supervisor", .bytes = supervisor_binary(), .mode = 0555};
  auto tar = make_tar({&file, 1});
  if (!tar) co_return std::unexpected(tar.error());
  const auto put = co_await client_.put_archive(created->id, "/.dind", std::move(*tar), deadline);
  if (!put) co_return std::unexpected(put.error());
  volume_seen_ = true;
  co_return Result<void>{};
}

Task<Result<void>> Fixtures::ensure_internet(Deadline deadline) {
  if (internet_seen_) co_return Result<void>{};
  const auto networks = co_await client_.list_networks({std::string(kCacheLabel) + "=internet"}, deadline);
  if (!networks) co_return std::unexpected(networks.error());
  for (const auto& network : *networks) internet_seen_ = internet_seen_ || network.name == kInternetNetwork;
  if (internet_seen_) co_return Result<void>{};
  engine::NetworkSpec spec{.name = kInternetNetwork,
                           .labels = {{kCacheLabel, "internet"}},
                           .internal = false,
                           .options = {{"com.docker.network.bridge.enable_icc", "false"}}};
  const auto made = co_await client_.create_network(std::move(spec), deadline);
  if (!made) co_return std::unexpected(made.error());
  internet_seen_ = true;
  co_return Result<void>{};
}

}  // namespace dind::sandbox
