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
  const TarFile file{.path = "supervisor", .bytes = supervisor_binary(), .mode = 0555};
  auto tar = make_tar({&file, 1});
  if (!tar) co_return std::unexpected(tar.error());
  auto carried = co_await carry(volume_, "/.dind", std::move(*tar), std::move(image_id), deadline);
  volume_seen_ = carried.has_value();
  co_return carried;
}

Task<Result<void>> Fixtures::make_packages(std::string volume, std::string run_id, std::string image_id,
                                           std::int64_t remove_after, Deadline deadline) {
  engine::VolumeSpec spec{
      .name = volume,
      .labels = {
          {kOwnerLabel, owner_}, {kRunLabel, std::move(run_id)}, {kDeadlineLabel, std::to_string(remove_after)}}};
  if (const auto made = co_await client_.create_volume(std::move(spec), deadline); !made)
    co_return std::unexpected(made.error());
  const TarFile folders[] = {{.path = "site", .bytes = {}, .mode = 0755, .folder = true, .user = kNobodyId},
                             {.path = "tmp", .bytes = {}, .mode = 0700, .folder = true, .user = kNobodyId}};
  auto tar = make_tar(folders);
  if (!tar) co_return std::unexpected(tar.error());
  co_return co_await carry(std::move(volume), kPackagesMount, std::move(*tar), std::move(image_id), deadline);
}

Task<Result<void>> Fixtures::carry(std::string volume, std::string target, std::string tar, std::string image_id,
                                   Deadline deadline) {
  engine::ContainerSpec carrier;
  carrier.image = std::move(image_id);
  carrier.entrypoint = {kSupervisorPath};
  const auto expires = std::chrono::system_clock::now() + std::chrono::minutes(10);
  carrier.labels = {{kOwnerLabel, owner_},
                    {kRunLabel, "carrier"},
                    {kDeadlineLabel, std::to_string(std::chrono::system_clock::to_time_t(expires))}};
  carrier.user = kNobody;
  carrier.cap_drop = {"ALL"};
  carrier.read_only_rootfs = false;  // the engine refuses to put files into a container with a read-only one
  carrier.pids_limit = 1;
  carrier.mounts = {{.kind = engine::Mount::Kind::volume,
                     .source = std::move(volume),
                     .target = target,
                     .read_only = false,
                     .no_copy = true}};
  const std::string name = "dind-carrier-" + random_id();
  const auto debt = removals_.owe(name);
  const auto created = co_await client_.create_container(name, std::move(carrier), deadline);
  if (!created) co_return std::unexpected(created.error());
  co_return co_await client_.put_archive(created->id, std::move(target), std::move(tar), deadline);
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
