#include "sandbox/supervisor_image.hpp"

#include "sandbox/embedded.hpp"
#include "sandbox/hardening.hpp"
#include "sandbox/tar.hpp"
#include "support/ids.hpp"

namespace dind::sandbox {
namespace {

#if defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#else
constexpr const char* kArchitecture = "amd64";
#endif

Result<SupervisorImage> make() {
  const TarFile file{.path = kSupervisorInImage + 1, .bytes = supervisor_binary(), .mode = 0555};
  const auto layer = make_tar({&file, 1});
  if (!layer) return std::unexpected(layer.error());
  SupervisorImage image;
  image.layer = "sha256:" + sha256(*layer);
  // All inserted values are hexadecimal digits or constants, so nothing needs escaping.
  const std::string config = std::string(R"({"architecture":")") + kArchitecture +
                             R"(","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Entrypoint":[")" +
                             kSupervisorInImage + R"("],"Labels":{")" + kCacheLabel +
                             R"(":"supervisor"}},"rootfs":{"type":"layers","diff_ids":[")" + image.layer +
                             R"("]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"dind-executor"}]})";
  const std::string id = sha256(config);
  image.name = std::string(kSupervisorImages) + ":" + id.substr(0, 32);
  const std::string manifest =
      R"([{"Config":")" + id + R"(.json","RepoTags":[")" + image.name + R"("],"Layers":["layer.tar"]}])";
  const TarFile parts[] = {{.path = "layer.tar", .bytes = *layer},
                           {.path = id + ".json", .bytes = config},
                           {.path = "manifest.json", .bytes = manifest}};
  auto archive = make_tar(parts);
  if (!archive) return std::unexpected(archive.error());
  image.archive = std::move(*archive);
  return image;
}

}  // namespace

const Result<SupervisorImage>& supervisor_image() {
  static const Result<SupervisorImage> image = make();
  return image;
}

}  // namespace dind::sandbox
