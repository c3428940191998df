#include "sandbox/start/shared_resources.hpp"

#include <chrono>

#include "engine/reasons.hpp"
#include "sandbox/creation.hpp"
#include "sandbox/embedded.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/supervisor_image.hpp"
#include "sandbox/tar.hpp"
#include "support/ids.hpp"

namespace dind::sandbox {

namespace {

constexpr std::uint32_t kSupervisorMode = 0555;

}  // namespace

std::string supervisor_volume_name() { return "dind-supervisor-" + sha256(supervisor_binary()); }

bool supervisor_is_missing(const Error& error) {
  return error.message.contains(kSupervisorPath) || engine::program_is_refused(error.message);
}

SharedResources::SharedResources(engine::Client& client, Removals& removals, std::string owner)
    : client_(client),
      removals_(removals),
      owner_(std::move(owner)),
      containers_(client),
      internet_(client),
      volume_(supervisor_volume_name()) {}

Task<Result<void>> SharedResources::ensure_supervisor(Deadline deadline) {
  if (volume_seen_) co_return Result<void>{};
  const auto there = co_await client_.volume_exists(volume_, deadline);
  if (!there) co_return std::unexpected(there.error());
  if (!*there) {
    const auto filled = co_await repair_supervisor(deadline);
    if (!filled) co_return std::unexpected(filled.error());
  }
  volume_seen_ = true;
  co_return Result<void>{};
}

Task<Result<void>> SharedResources::repair_supervisor(Deadline deadline) {
  volume_seen_ = false;
  engine::VolumeSpec volume{.name = volume_, .labels = {{kCacheLabel, "supervisor"}}};
  if (const auto made = co_await client_.create_volume(std::move(volume), deadline); !made)
    co_return std::unexpected(made.error());
  const auto carrier = co_await make_carrier(volume_, "/.dind", deadline);
  if (!carrier) co_return std::unexpected(carrier.error());
  const auto there = co_await client_.stat_path(carrier->id, kSupervisorPath, deadline);
  if (!there) co_return std::unexpected(there.error());
  const bool whole = *there && (*there)->is_file() && ((*there)->mode & 0777) == kSupervisorMode &&
                     (*there)->size == static_cast<std::int64_t>(supervisor_binary().size());
  if (!whole)
    if (const auto filled = co_await fill(carrier->id, deadline); !filled) co_return std::unexpected(filled.error());
  volume_seen_ = true;
  co_return Result<void>{};
}

// The engine writes a file under its final name, and a sandbox of another process may start meanwhile. So the file has
// another name until it is complete. Two processes that fill the volume at the same time write the same bytes.
Task<Result<void>> SharedResources::fill(std::string carrier_id, Deadline deadline) {
  const std::string whole = "supervisor." + random_id();
  const TarFile files[] = {{.path = whole, .bytes = supervisor_binary(), .mode = kSupervisorMode},
                           {.path = "supervisor", .bytes = {}, .mode = kSupervisorMode, .hard_link_to = whole}};
  auto tar = make_tar(files);
  if (!tar) co_return std::unexpected(tar.error());
  co_return co_await client_.put_archive(std::move(carrier_id), "/.dind", std::move(*tar), deadline);
}

Task<Result<void>> SharedResources::create_dependency_volume(std::string volume, std::string run_id,
                                                             std::chrono::seconds life, Deadline deadline) {
  const auto remove_after = client_.unix_now() + life.count();
  engine::VolumeSpec spec{
      .name = volume,
      .labels = {
          {kOwnerLabel, owner_}, {kRunLabel, std::move(run_id)}, {kDeadlineLabel, std::to_string(remove_after)}}};
  if (const auto made = co_await client_.create_volume(std::move(spec), deadline); !made)
    co_return std::unexpected(made.error());
  // The installer's user is chosen later, when its sandbox is created, so every user may write. Nobody else writes
  // there, because the program's sandbox mounts the volume read-only.
  const TarFile folders[] = {{.path = "site", .bytes = {}, .mode = 0777, .folder = true},
                             {.path = "tmp", .bytes = {}, .mode = 0777, .folder = true}};
  auto tar = make_tar(folders);
  if (!tar) co_return std::unexpected(tar.error());
  co_return co_await copy_into_volume(std::move(volume), kDependenciesMount, std::move(*tar), deadline);
}

Task<Result<void>> SharedResources::ensure_profile(Deadline deadline, bool anew) {
  if (!client_.is_podman() || (!anew && !client_.profile_file().empty())) co_return Result<void>{};
  const std::string volume = "dind-seccomp-" + sha256(seccomp_profile()).substr(0, 40);
  auto there = co_await client_.inspect_volume(volume, deadline);
  if (!there) co_return std::unexpected(there.error());
  if (anew || !*there) {
    engine::VolumeSpec spec{.name = volume, .labels = {{kCacheLabel, "supervisor"}}};
    if (const auto made = co_await client_.create_volume(std::move(spec), deadline); !made)
      co_return std::unexpected(made.error());
    const TarFile files[] = {{.path = "seccomp.json", .bytes = seccomp_profile(), .mode = 0444}};
    auto tar = make_tar(files);
    if (!tar) co_return std::unexpected(tar.error());
    if (const auto put = co_await copy_into_volume(volume, "/.dind-seccomp", std::move(*tar), deadline); !put)
      co_return std::unexpected(put.error());
    there = co_await client_.inspect_volume(volume, deadline);
    if (!there) co_return std::unexpected(there.error());
  }
  client_.use_profile_file((*there ? (*there)->mountpoint : std::string()) + "/seccomp.json");
  co_return Result<void>{};
}

engine::ContainerSpec SharedResources::carrier(std::string image_id) const {
  engine::ContainerSpec carrier;
  carrier.image = std::move(image_id);
  carrier.entrypoint = {kSupervisorInImage};
  constexpr std::int64_t kLife = 600;  // seconds
  carrier.labels = {
      {kOwnerLabel, owner_}, {kRunLabel, "carrier"}, {kDeadlineLabel, std::to_string(client_.unix_now() + kLife)}};
  carrier.user = kNobody;
  carrier.cap_drop = {"ALL"};
  carrier.read_only_rootfs = false;  // the engine does not copy files into a container with a read-only root
  carrier.pids_limit = 1;
  return carrier;
}

Task<Result<SharedResources::Carrier>> SharedResources::make_carrier(std::string volume, std::string target,
                                                                     Deadline deadline) {
  const auto image = co_await containers_.ensure_image(deadline);
  if (!image) co_return std::unexpected(image.error());
  auto spec = carrier(image->id);
  spec.mounts = {{.kind = engine::Mount::Kind::volume,
                  .source = std::move(volume),
                  .target = std::move(target),
                  .read_only = false,
                  .no_copy = true}};
  const std::string name = "dind-carrier-" + random_id();
  Carrier made{.removal = removals_.expect_container(name), .id = {}};
  const auto created = co_await containers_.create(made.removal, name, std::move(spec), deadline);
  if (!created) co_return std::unexpected(created.error());
  made.id = created->id;
  co_return std::move(made);
}

Task<Result<void>> SharedResources::copy_into_volume(std::string volume, std::string target, std::string tar,
                                                     Deadline deadline) {
  const auto carrier = co_await make_carrier(std::move(volume), target, deadline);
  if (!carrier) co_return std::unexpected(carrier.error());
  co_return co_await client_.put_archive(carrier->id, std::move(target), std::move(tar), deadline);
}

}  // namespace dind::sandbox
