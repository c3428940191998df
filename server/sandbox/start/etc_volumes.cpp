#include "sandbox/start/etc_volumes.hpp"

#include <algorithm>

#include "engine/reasons.hpp"
#include "sandbox/creation.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/start/etc_files.hpp"
#include "sandbox/start/mount_targets.hpp"
#include "sandbox/tar.hpp"
#include "support/ids.hpp"
#include "support/log/log.hpp"

namespace dind::sandbox {
namespace {

constexpr const char* kFormat = "2";  // version of the volume's content, part of the volume's name
constexpr const char* kCarrierFolder = "/.dind-etc";
constexpr std::size_t kMaxSeen = 1000;
constexpr std::size_t kFolderLook = 16 << 10;    // bytes of a folder's tar: enough for two entries
constexpr std::size_t kMaxEtcBytes = 256 << 10;  // max size of an image's passwd or group

const char* name_of(EngineUsers users) {
  switch (users) {
    case EngineUsers::rootless:
      return "rootless";
    case EngineUsers::remapped:
      return "remapped";
    case EngineUsers::same:
      break;
  }
  return "same";
}

EngineUsers parse_users(const std::string& name) {
  for (const auto each : {EngineUsers::rootless, EngineUsers::remapped})
    if (name == name_of(each)) return each;
  return EngineUsers::same;
}

std::string text_of(const engine::Labels& labels, const char* name) {
  const auto label = labels.find(name);
  return label == labels.end() ? std::string() : label->second;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

EngineUsers engine_users(const engine::Info& info) {
  const auto has = [&](std::string_view option) {
    return std::ranges::any_of(info.security_options, [&](const auto& each) { return each.starts_with(option); });
  };
  return has("name=rootless") ? EngineUsers::rootless : has("name=userns") ? EngineUsers::remapped : EngineUsers::same;
}

std::string mapped_users_note(EngineUsers users, const std::string& user) {
  if (users == EngineUsers::same) return {};
  return std::string(users == EngineUsers::rootless ? "the engine is rootless"
                                                    : "the engine maps user ids (userns-remap)") +
         ", so the program's user " + user +
         " is a different user on the engine's machine: the program may write to the workspace only where everyone "
         "may, and its files there belong to that user";
}

EtcVolumes::EtcVolumes(engine::Client& client, Removals& removals, SharedResources& resources)
    : client_(client), removals_(removals), resources_(resources) {}

std::string EtcVolumes::volume_name(const std::string& image_id, const std::string& user) {
  return "dind-etc-" + sha256(std::string(kFormat) + "\n" + image_id + "\n" + user).substr(0, 40);
}

Task<Result<EtcFolder>> EtcVolumes::find(engine::Image image, std::string user, Deadline deadline) {
  const auto volume = volume_name(image.id, user);
  if (const auto known = seen_.find(volume); known != seen_.end()) co_return known->second;
  const auto there = co_await client_.inspect_volume(volume, deadline);
  if (!there) {
    if (there.error().code == ErrorCode::engine_unavailable) co_return std::unexpected(there.error());
    log(LogLevel::warning, "The files for /etc are not mounted: " + there.error().message);
    co_return EtcFolder{};
  }
  if (!*there) co_return co_await refill(std::move(image), std::move(user), deadline);
  if (seen_.size() >= kMaxSeen) seen_.clear();
  EtcFolder found{.path = given_up_ ? std::string() : (*there)->mountpoint,
                  .users = parse_users(text_of((*there)->labels, kUsersLabel)),
                  .filled = lines_of(text_of((*there)->labels, kFilledLabel))};
  seen_.insert_or_assign(volume, found);
  co_return found;
}

Task<Result<EtcFolder>> EtcVolumes::refill(engine::Image image, std::string user, Deadline deadline) {
  const auto volume = volume_name(image.id, user);
  seen_.erase(volume);
  auto filled = co_await fill(volume, std::move(image), std::move(user), deadline);
  if (!filled) {
    if (filled.error().code == ErrorCode::engine_unavailable) co_return filled;
    // A newer engine does not read an image whose links lead out of it, and no engine mounts a VOLUME over a file. The
    // run itself reports what is wrong with such an image.
    const bool of_image =
        engine::leads_out_of_image(filled.error().message) || engine::volume_meets_a_file(filled.error());
    log(of_image ? LogLevel::info : LogLevel::warning, "The files for /etc are not mounted: " + filled.error().message);
    co_return EtcFolder{};
  }
  if (given_up_) filled->path.clear();
  if (seen_.size() >= kMaxSeen) seen_.clear();
  seen_.insert_or_assign(volume, *filled);
  co_return filled;
}

void EtcVolumes::give_up(const Error& error) {
  if (!given_up_) log(LogLevel::warning, "The engine does not mount files of its volumes: " + error.message);
  given_up_ = true;
  for (auto& [volume, folder] : seen_) folder.path.clear();
}

// Two processes that fill the volume at the same time write the same bytes.
Task<Result<EtcFolder>> EtcVolumes::fill(std::string volume, engine::Image image, std::string user, Deadline deadline) {
  const auto info = co_await client_.info(deadline);
  if (!info) co_return std::unexpected(info.error());
  const auto users = engine_users(*info);
  // The labels of a volume can't be changed later, so the image is read before the volume is created.
  auto found = co_await look_into(image, deadline);
  if (!found) co_return std::unexpected(found.error());
  std::string filled;
  for (const auto& path : found->filled) filled += (filled.empty() ? "" : "\n") + path;
  engine::VolumeSpec spec{.name = volume,
                          .labels = {{kCacheLabel, "etc"}, {kImageLabel, image.id}, {kUsersLabel, name_of(users)}}};
  if (!filled.empty()) spec.labels.emplace(kFilledLabel, filled);
  if (const auto made = co_await client_.create_volume(std::move(spec), deadline); !made)
    co_return std::unexpected(made.error());
  const bool own = user == kNobody && users == EngineUsers::same;
  const auto texts = make_etc_files(found->passwd, found->group, user, own);
  const TarFile files[] = {{.path = "hosts", .bytes = texts.hosts, .mode = 0444},
                           {.path = "passwd", .bytes = texts.passwd, .mode = 0444},
                           {.path = "group", .bytes = texts.group, .mode = 0444}};
  auto tar = make_tar(files);
  if (!tar) co_return std::unexpected(tar.error());
  if (const auto put = co_await resources_.copy_into_volume(volume, kCarrierFolder, std::move(*tar), deadline); !put)
    co_return std::unexpected(put.error());
  const auto there = co_await client_.inspect_volume(volume, deadline);
  if (!there) co_return std::unexpected(there.error());
  co_return EtcFolder{
      .path = *there ? (*there)->mountpoint : std::string(), .users = users, .filled = std::move(found->filled)};
}

// Reads the image through a container that is never started.
Task<Result<EtcVolumes::ImageFiles>> EtcVolumes::look_into(engine::Image image, Deadline deadline) {
  const std::string name = "dind-carrier-" + random_id();
  auto removal = removals_.expect_container(name);
  auto spec = resources_.carrier(image.id);
  spec.mounts = volume_covers(image);
  spec.working_dir = "/";  // the image's WORKDIR may be invalid; SandboxStarter::attach reports that
  const auto created = co_await create_expected(client_, removal, name, std::move(spec), deadline);
  if (!created) co_return std::unexpected(created.error());
  ImageFiles found;
  for (const auto& [path, text] : {std::pair("/etc/passwd", &found.passwd), std::pair("/etc/group", &found.group)}) {
    auto read = co_await read_file(created->id, path, deadline);
    if (!read) co_return std::unexpected(read.error());
    *text = std::move(*read);
  }
  for (const auto& volume : image.volumes) {
    if (volume.contains('\n')) continue;
    const auto has = co_await folder_has_entries(created->id, volume, deadline);
    if (!has) co_return std::unexpected(has.error());
    if (*has) found.filled.push_back(volume);
  }
  co_return found;
}

// The engine follows the links above a path, and gives the last part as the link that it may be.
Task<Result<bool>> EtcVolumes::folder_has_entries(std::string container, std::string path, Deadline deadline) {
  auto tar = co_await client_.download_archive(container, path, kFolderLook, deadline);
  if (!tar) co_return std::unexpected(tar.error());
  if (!*tar) co_return false;
  if (const auto first = first_in_tar(**tar, 0); first && !first->link.empty()) {
    const auto end = co_await ImageCheck::follow_links(client_, container, path, deadline);
    if (!end) co_return std::unexpected(end.error());
    if (end->empty()) co_return false;
    tar = co_await client_.download_archive(container, *end, kFolderLook, deadline);
    if (!tar) co_return std::unexpected(tar.error());
  }
  co_return *tar&& tar_of_folder_has_entries(**tar);
}

// Empty: the image has no such file. Up to 3 links are followed, as the program would follow them.
Task<Result<std::string>> EtcVolumes::read_file(std::string container, std::string path, Deadline deadline) {
  for (int i = 0; i < 4; ++i) {
    const auto tar = co_await client_.download_archive(container, path, kMaxEtcBytes + 4096, deadline);
    if (!tar) co_return std::unexpected(tar.error());
    if (!*tar) co_return std::string();
    auto first = first_in_tar(**tar, kMaxEtcBytes);
    if (!first) co_return std::unexpected(first.error());
    if (first->link.empty()) co_return std::move(first->bytes);
    path = first->link.starts_with('/') ? first->link : path.substr(0, path.rfind('/') + 1) + first->link;
  }
  co_return std::string();
}

}  // namespace dind::sandbox
