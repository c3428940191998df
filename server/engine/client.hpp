// The Docker Engine API as typed calls. Every call has a deadline and a limit on the size of its reply. Every failure
// is an Error that names the engine's address and the call. Use it only from the io_context's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dind/error.hpp"
#include "engine/container_spec.hpp"
#include "engine/endpoint.hpp"
#include "engine/types.hpp"
#include "support/async/cancel.hpp"
#include "support/async/task.hpp"

namespace dind::engine {

class HttpClient;
class HijackedStream;

class Client {
 public:
  Client(asio::any_io_executor executor, Endpoint endpoint);
  ~Client();
  // Unix seconds on the engine's clock, estimated from its replies: for labels that are compared with that clock.
  std::int64_t unix_now() const;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const Endpoint& endpoint() const;

  // -- system. The first call negotiates the API version; so does the first call after the engine was unreachable.
  Task<Result<Ping>> ping(Deadline deadline);  // never cached
  // Whether the last engine that answered is Podman. On Podman, sandboxes run, but build_image is an Error.
  bool is_podman() const;
  // Podman takes a seccomp profile only as a file on its machine. Uses this file from now on.
  void use_profile_file(std::string path) { profile_file_ = std::move(path); }
  const std::string& profile_file() const { return profile_file_; }
  // What inspect_container_spec reports if the engine created the container as requested.
  ContainerSpec as_reported(ContainerSpec spec) const;
  Task<Result<Version>> version(Deadline deadline);
  Task<Result<Info>> info(Deadline deadline);
  // How a container ended that ran a moment ago, from the last 256 events, which the engine keeps. Waits until the
  // container has died, but not longer than `deadline`; then it returns what was seen so far.
  Task<Result<ContainerEnd>> container_end(std::string id, Deadline deadline);
  // Calls `on_event` until the stream ends (Error: it broke) or `cancel`. `filters` has the API's form:
  // {"label":["x"]}. After `on_open` no event is missed.
  Task<Result<void>> events(std::map<std::string, std::vector<std::string>> filters,
                            std::function<void(const Event&)> on_event, Cancel cancel,
                            std::function<void()> on_open = {});

  // -- images
  Task<Result<std::optional<Image>>> inspect_image(std::string name, Deadline deadline);  // nullopt: not there
  // Pulls an image. `on_progress` gets one line for people, with a percentage if the engine gives one. An error inside
  // the 200 stream is an Error (image_unavailable). So is an image whose missing layers exceed `max_bytes`.
  // `registry_auth` is the X-Registry-Auth value; empty: none.
  Task<Result<void>> pull_image(std::string name, std::string registry_auth,
                                std::function<void(const PullProgress&)> on_progress, Cancel cancel, Deadline deadline,
                                std::int64_t max_bytes = std::numeric_limits<std::int64_t>::max());

  // Loads images from an uncompressed archive in the format of `docker save`.
  Task<Result<void>> load_image(std::string archive, Deadline deadline);

  // Builds an image. `on_line` gets the steps and their output. A step that fails is an outcome; an engine that fails
  // is an Error. The build ends when its connection closes: at `cancel` or the deadline.
  Task<Result<BuildOutcome>> build_image(ImageBuild build, std::function<void(const BuildLine&)> on_line, Cancel cancel,
                                         Deadline deadline);
  Task<Result<std::vector<ImageSummary>>> list_images(std::vector<std::string> labels, Deadline deadline);
  // Removes the name, and the image if this was its last name. By ID: for an image without a name. Never forced:
  // engine_status 409 if a container or another image needs it. 404 is success.
  Task<Result<void>> remove_image(std::string name, Deadline deadline);
  // Gives the image `name` the further name `tag`. If it has that name already, `last_tagged` becomes now, except in
  // containerd's store. Error not_found: no such image.
  Task<Result<void>> tag_image(std::string name, std::string tag, Deadline deadline);
  // Bytes of all layers when unpacked on a disk. In containerd's store, `Image::size` is not this number.
  Task<Result<std::int64_t>> unpacked_image_size(std::string name, Deadline deadline);

  // -- containers. `id` may be a name. engine_status distinguishes 404 and 409 (remove: "already in progress").
  Task<Result<CreatedContainer>> create_container(std::string name, ContainerSpec spec, Deadline deadline);
  Task<Result<ContainerState>> inspect_container(std::string id, Deadline deadline);
  // The engine's own view of the container as a ContainerSpec. It is compared with the request before start. These
  // fields differ in a healthy engine too:
  // - `env` and `labels` also contain those of the image;
  // - `runtime` is the name of the default if none was requested;
  // - `image` is the resolved ID;
  // - an empty `working_dir`, `hostname` or `command` is filled in.
  //
  // Everything that must not be there is in `extras`.
  Task<Result<ContainerSpec>> inspect_container_spec(std::string id, Deadline deadline);
  // Both with one request.
  Task<Result<std::pair<ContainerState, ContainerSpec>>> inspect_container_state_and_spec(std::string id,
                                                                                          Deadline deadline);
  // The container's state and the bytes it wrote. The engine counts its files, which takes long if there are many.
  Task<Result<ContainerSize>> container_size(std::string id, Deadline deadline);
  // What the container uses at present.
  Task<Result<ContainerUsage>> container_usage(std::string id, Deadline deadline);
  // Sets the max number of processes of a created or running container.
  Task<Result<void>> update_pids_limit(std::string id, std::int64_t max_pids, Deadline deadline);
  Task<Result<void>> start_container(std::string id, Deadline deadline);
  // Streams stdin, stdout and stderr. Attach before start. Returns a connected stream (status 101 or 200 was read).
  Task<Result<std::unique_ptr<HijackedStream>>> attach_container(std::string id, Deadline deadline);
  Task<Result<WaitResult>> wait_container(std::string id, std::string condition, Deadline deadline);
  Task<Result<void>> kill_container(std::string id, std::string signal, Deadline deadline);  // 404/409 are success
  Task<Result<void>> rename_container(std::string id, std::string name, Deadline deadline);
  Task<Result<void>> remove_container(std::string id, Deadline deadline);  // force, with volumes; 404 is success
  Task<Result<std::vector<ContainerSummary>>> list_containers(std::vector<std::string> labels,
                                                              Deadline deadline);  // all states

  // -- archive: an uncompressed tar to or from a path of a container; the status of a path (nullopt: it does not exist)
  Task<Result<std::optional<PathStat>>> stat_path(std::string id, std::string path, Deadline deadline);
  // A path of a container as a tar. Reads at most `max` bytes of it. nullopt: the path does not exist.
  Task<Result<std::optional<std::string>>> download_archive(std::string id, std::string path, std::size_t max,
                                                            Deadline deadline);
  Task<Result<void>> put_archive(std::string id, std::string path, std::string tar, Deadline deadline);

  // -- volumes and networks
  Task<Result<void>> create_volume(VolumeSpec spec, Deadline deadline);
  Task<Result<bool>> volume_exists(std::string name, Deadline deadline);
  Task<Result<std::optional<Volume>>> inspect_volume(std::string name, Deadline deadline);  // nullopt: not there
  Task<Result<void>> remove_volume(std::string name, Deadline deadline);                    // 404 is success
  Task<Result<std::vector<VolumeSummary>>> list_volumes(std::vector<std::string> labels, Deadline deadline);
  Task<Result<void>> create_network(NetworkSpec spec, Deadline deadline);  // 409 "already exists" is success
  Task<Result<void>> remove_network(std::string name, Deadline deadline);  // 404 is success
  Task<Result<std::vector<NetworkSummary>>> list_networks(std::vector<std::string> labels, Deadline deadline);

 private:
  std::string profile_file_;
  std::shared_ptr<HttpClient> http_;  // calls in progress share it
};

}  // namespace dind::engine
