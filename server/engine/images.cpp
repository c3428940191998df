// Client: images: inspect, pull, load, list, remove, tag.
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/client.hpp"
#include "engine/pull_progress.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"
#include "support/units.hpp"

namespace dind::engine {

using namespace lenient;

Task<Result<std::optional<Image>>> Client::inspect_image(std::string name, Deadline deadline) {
  const auto http = http_;
  // An ID is a valid name too: "sha256:…" parses as a repository with a tag.
  if (const auto parsed = parse_image_name(name); !parsed) co_return std::unexpected(parsed.error());
  const auto json =
      co_await call_json(http, get("/images/" + percent_encode(name, "/:@") + "/json", "inspect image", deadline));
  if (!json) {
    if (json.error().engine_status == 404) co_return std::optional<Image>{};
    // An engine may have rules for names that we do not know.
    if (json.error().engine_status == 400)
      co_return fail(ErrorCode::invalid_request, json.error().message, json.error().engine_status);
    co_return std::unexpected(json.error());
  }
  const Json& config = field(*json, "Config");
  Image image;
  image.id = text(*json, "Id");
  image.repo_digests = texts(*json, "RepoDigests");
  image.arch = text(*json, "Architecture");
  image.repo_tags = texts(*json, "RepoTags");
  if (const Json& volumes = field(config, "Volumes"); volumes.is_object())
    for (const auto& [path, nothing] : volumes.items()) image.volumes.push_back(path);
  image.entrypoint = texts(config, "Entrypoint");
  image.command = texts(config, "Cmd");
  image.env = environment(config, "Env");
  image.working_dir = text(config, "WorkingDir");
  image.labels = text_map(config, "Labels");
  image.last_tagged = text(field(*json, "Metadata"), "LastTagTime");
  image.on_build = texts(config, "OnBuild");
  image.layers = texts(field(*json, "RootFS"), "Layers");
  image.parent = text(*json, "Parent");
  image.size = number(*json, "Size");
  const Json& driver = field(*json, "GraphDriver");
  image.size_is_packed =
      field(*json, "Descriptor").is_object() || (driver.is_object() && !field(driver, "Data").is_object());
  if (image.id.empty())
    co_return std::unexpected(bad_reply(http->endpoint(), "inspect image", "its reply names no image ID"));
  co_return std::optional<Image>(std::move(image));
}

Task<Result<std::int64_t>> Client::unpacked_image_size(std::string name, Deadline deadline) {
  if (const auto parsed = parse_image_name(name); !parsed) co_return std::unexpected(parsed.error());
  const auto json = co_await call_json(
      http_, get("/images/" + percent_encode(name, "/:@") + "/history", "history of image", deadline));
  if (!json) co_return std::unexpected(json.error());
  std::int64_t size = 0;
  if (json->is_array())
    for (const Json& layer : *json) size += number(layer, "Size");
  co_return size;
}

Task<Result<void>> Client::pull_image(std::string name, std::string registry_auth,
                                      std::function<void(const PullProgress&)> on_progress, Cancel cancel,
                                      Deadline deadline, std::int64_t max_bytes) {
  const auto http = http_;
  const std::string what = "pull image";
  const auto parsed = parse_image_name(name);
  if (!parsed) co_return std::unexpected(parsed.error());
  PullReader reader;
  bool readable = true;
  // Always with a tag: without one, the engine pulls every tag of the repository.
  HttpRequest request =
      post("/images/create" + query({{"fromImage", parsed->repository}, {"tag", parsed->tag}}), what, deadline);
  if (!registry_auth.empty()) request.headers.emplace_back("X-Registry-Auth", registry_auth);
  request.cancel = cancel;
  bool too_large = false;
  request.on_body = [&](std::string_view bytes) {
    readable = reader.feed(bytes, on_progress);
    too_large = reader.bytes() > max_bytes;
    return readable && !too_large;
  };
  const auto reply = co_await call(http, std::move(request), CallKind::image_pull);
  if (too_large)
    co_return fail(ErrorCode::image_unavailable,
                   "The image " + name + " needs a download of more than " + format_bytes(max_bytes) +
                       ", the max of a pull. Choose a smaller image, or ask the operator to raise "
                       "the bound (maxPull)");
  if (reader.error()) co_return std::unexpected(pull_error(http->endpoint(), name, *reader.error(), 200));
  if (!reply) {
    const Error& error = reply.error();
    // The registry refused: report the engine's own text and what to do.
    if (error.code == ErrorCode::image_unavailable) {
      const auto at = error.message.find("': ");
      co_return std::unexpected(pull_error(http->endpoint(), name,
                                           at == std::string::npos ? error.message : error.message.substr(at + 3),
                                           error.engine_status));
    }
    co_return std::unexpected(error);
  }
  if (!readable) co_return std::unexpected(bad_reply(http->endpoint(), what, "its progress lines are not JSON"));
  if (!reader.complete()) co_return std::unexpected(connection_broke(http->endpoint(), what));
  co_return Result<void>{};
}

Task<Result<void>> Client::load_image(std::string archive, Deadline deadline) {
  HttpRequest request = post("/images/load?quiet=1", "load image", deadline);
  request.content_type = "application/x-tar";
  request.body = std::move(archive);
  const auto reply = co_await call(http_, std::move(request));
  if (!reply) co_return std::unexpected(reply.error());
  // A failure arrives inside the 200 stream.
  if (reply->body.contains("\"error\""))
    co_return fail(ErrorCode::engine_error, "The engine at " + http_->endpoint().address +
                                                " could not load an image: " + one_line(reply->body.substr(0, 500)));
  co_return Result<void>{};
}

Task<Result<std::vector<ImageSummary>>> Client::list_images(std::vector<std::string> labels, Deadline deadline) {
  const auto json = co_await call_json(
      http_,
      get("/images/json" + query({{"filters", filters_json({{"label", std::move(labels)}})}, {"shared-size", "1"}}),
          "list images", deadline));
  if (!json) co_return std::unexpected(json.error());
  std::vector<ImageSummary> images;
  if (!json->is_array()) co_return images;
  for (const Json& each : *json) {
    ImageSummary image{.id = text(each, "Id"),
                       .tags = texts(each, "RepoTags"),
                       .labels = text_map(each, "Labels"),
                       .size = number(each, "Size"),
                       .created = number(each, "Created")};
    std::erase(image.tags, "<none>:<none>");
    // -1: this engine does not know it (API before 1.42).
    if (const auto shared = number(each, "SharedSize", -1); shared > 0 && shared <= image.size) image.size -= shared;
    images.push_back(std::move(image));
  }
  co_return images;
}

Task<Result<void>> Client::remove_image(std::string name, Deadline deadline) {
  const auto reply =
      co_await call(http_, engine::remove("/images/" + percent_encode(name, "/:@"), "remove image", deadline));
  if (!reply && reply.error().engine_status != 404) co_return std::unexpected(reply.error());
  co_return Result<void>{};
}

Task<Result<void>> Client::tag_image(std::string name, std::string tag, Deadline deadline) {
  const auto image = parse_image_name(name);
  const auto parsed = parse_image_name(tag);
  if (!image || !parsed) co_return std::unexpected(image ? parsed.error() : image.error());
  const auto reply = co_await call(http_, post("/images/" + percent_encode(name, "/:@") + "/tag" +
                                                   query({{"repo", parsed->repository}, {"tag", parsed->tag}}),
                                               "tag image", deadline));
  if (!reply) co_return std::unexpected(reply.error());
  co_return Result<void>{};
}

}  // namespace dind::engine
