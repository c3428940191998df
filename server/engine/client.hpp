// The Docker Engine API as typed calls. Every call has a deadline and a reply size limit; every failure is an Error
// that names the engine's address and the call. Safe to use from the io_context's thread only.
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
#include "support/cancel.hpp"
#include "support/task.hpp"

namespace dind::engine {

class HttpClient;
class HijackedStream;

class Client {
 public:
  Client(asio::any_io_executor executor, Endpoint endpoint);
  ~Client();
  // Unix seconds on the engine's clock, as far as its replies told it: for labels that others compare with that clock.
  std::int64_t unix_now() const;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const Endpoint& endpoint() const;

  // -- system. The API version is negotiated by the first call and again after the engine was away.
  Task<Result<Ping>> ping(Deadline deadline);  // never cached
  // Whether the engine that answered last is Podman. It runs sandboxes and builds nothing (build_image: an Error).
  bool is_podman() const;
  // Podman takes a seccomp profile only as a file on its machine: this one, from now on.
  void use_profile_file(std::string path) { profile_file_ = std::move(path); }
  const std::string& profile_file() const { return profile_file_; }
  // What inspect_container_spec reports of a container that was created as asked.
  ContainerSpec as_reported(ContainerSpec spec) const;
  Task<Result<Version>> version(Deadline deadline);
  Task<Result<Info>> info(Deadline deadline);
  // How a container ended that ran a moment ago, from the last events that the engine keeps (256). Waits until it has
  // died, and at most until `deadline`: then it is what was seen by then.
  Task<Result<ContainerEnd>> container_end(std::string id, Deadline deadline);
  // Calls `on_event` until the stream ends (Error: it broke) or `cancel`. `filters` as the API has them:
  // {"label":["x"]}. `on_open`: from now on none is missed.
  Task<Result<void>> events(std::map<std::string, std::vector<std::string>> filters,
                            std::function<void(const Event&)> on_event, Cancel cancel,
                            std::function<void()> on_open = {});

  // -- images
  Task<Result<std::optional<Image>>> inspect_image(std::string name, Deadline deadline);  // nullopt: not there
  // Pulls; `on_progress` gets a line for people and a percentage where the engine gives one. Errors inside the 200
  // stream are Errors (image_unavailable), and so is an image whose missing layers have more than `most_bytes`.
  // `registry_auth` is the X-Registry-Auth value, empty for none.
  Task<Result<void>> pull_image(std::string name, std::string registry_auth,
                                std::function<void(const PullProgress&)> on_progress, Cancel cancel, Deadline deadline,
                                std::int64_t most_bytes = std::numeric_limits<std::int64_t>::max());

  // Loads images from an uncompressed archive, as `docker save` writes them.
  Task<Result<void>> load_image(std::string archive, Deadline deadline);

  // Builds. Steps and their output come as `on_line`; a step that fails is an outcome, an engine that fails an Error.
  // Ends with its connection: at `cancel` or the deadline.
  Task<Result<BuildOutcome>> build_image(ImageBuild build, std::function<void(const BuildLine&)> on_line, Cancel cancel,
                                         Deadline deadline);
  Task<Result<std::vector<ImageSummary>>> list_images(std::vector<std::string> labels, Deadline deadline);
  // Takes the name away, and the image with it where that was the last one; by ID, where it has no name. Never forced:
  // engine_status 409 where a container or an image needs it. 404 is success.
  Task<Result<void>> remove_image(std::string name, Deadline deadline);
  // Gives the image `name` the name `tag`. The same one again makes `last_tagged` now, but not in containerd's store.
  // Error not_found: there is no such image.
  Task<Result<void>> tag_image(std::string name, std::string tag, Deadline deadline);
  // Bytes of all its layers as they lie on a disk, which `Image::size` is not in containerd's store.
  Task<Result<std::int64_t>> unpacked_image_size(std::string name, Deadline deadline);

  // -- containers. `id` may be a name. 404 (and 409 of remove "already in progress") are told apart by engine_status.
  Task<Result<CreatedContainer>> create_container(std::string name, ContainerSpec spec, Deadline deadline);
  Task<Result<ContainerState>> inspect_container(std::string id, Deadline deadline);
  // What the engine says that it will do with it, as a ContainerSpec: compared with what was asked, before start.
  // Differs in a healthy engine too: `env` and `labels` have the image's beside ours, `runtime` is the default's name
  // where none was asked, `image` is the resolved ID, an empty `working_dir`, `hostname` or `command` is filled in.
  // What must not be there is in `extras`.
  Task<Result<ContainerSpec>> inspect_container_spec(std::string id, Deadline deadline);
  // Both at one round trip.
  Task<Result<std::pair<ContainerState, ContainerSpec>>> inspect_container_state_and_spec(std::string id,
                                                                                          Deadline deadline);
  // How it stands and what it wrote: the engine counts its files, which takes a while where they are many.
  Task<Result<ContainerSize>> container_size(std::string id, Deadline deadline);
  // Bounds the processes of a container that is made, or runs already.
  Task<Result<ContainerUsage>> container_usage(std::string id, Deadline deadline);
  Task<Result<void>> update_pids_limit(std::string id, std::int64_t most, Deadline deadline);
  Task<Result<void>> start_container(std::string id, Deadline deadline);
  // Streams stdin, stdout and stderr; attach before start. The answer is a connected stream (101 or 200 read).
  Task<Result<std::unique_ptr<HijackedStream>>> attach_container(std::string id, Deadline deadline);
  Task<Result<WaitResult>> wait_container(std::string id, std::string condition, Deadline deadline);
  Task<Result<void>> kill_container(std::string id, std::string signal, Deadline deadline);  // 404/409 are success
  Task<Result<void>> rename_container(std::string id, std::string name, Deadline deadline);
  Task<Result<void>> remove_container(std::string id, Deadline deadline);  // force, with volumes; 404 is success
  Task<Result<std::vector<ContainerSummary>>> list_containers(std::vector<std::string> labels,
                                                              Deadline deadline);  // all states

  // -- archive: an uncompressed tar into a path of a container; what lies at a path (nullopt: nothing)
  Task<Result<std::optional<PathStat>>> stat_path(std::string id, std::string path, Deadline deadline);
  // A path of a container as a tar, of which what comes after `most` bytes is not read. nullopt: nothing is there.
  Task<Result<std::optional<std::string>>> get_archive(std::string id, std::string path, std::size_t most,
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
  std::shared_ptr<HttpClient> http_;  // calls that are on their way keep it
};

}  // namespace dind::engine
