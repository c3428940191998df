// Client: the engine's events while they happen.
#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/api.hpp"
#include "engine/client.hpp"
#include "engine/json_stream.hpp"
#include "engine/text.hpp"
#include "support/json_fields.hpp"

namespace dind::engine {

using namespace lenient;
namespace {

// A stream of events has no deadline of its own; TCP keep-alive detects an engine that is gone.
constexpr std::chrono::hours kForever{24 * 365 * 10};

Event event_from(const Json& json) {
  const Json& actor = field(json, "Actor");
  return {text(json, "Type"), text(json, "Action"), text(actor, "ID"), text_map(actor, "Attributes")};
}

}  // namespace

Task<Result<void>> Client::events(std::map<std::string, std::vector<std::string>> filters,
                                  std::function<void(const Event&)> on_event, Cancel cancel,
                                  std::function<void()> on_open) {
  const auto http = http_;
  const std::string what = "events";
  // This has its own deadline, because `call` would negotiate with the very long one of the stream.
  if (const auto prefix = co_await api_prefix(http, in(std::chrono::seconds(10))); !prefix)
    co_return std::unexpected(prefix.error());
  JsonStream stream;
  bool readable = true;
  HttpRequest request = get("/events" + query({{"filters", filters_json(filters)}}), what, in(kForever));
  request.cancel = cancel;
  request.on_accepted = std::move(on_open);
  request.on_body = [&](std::string_view bytes) {
    readable = stream.feed(bytes, [&](std::string_view object) {
      const Json json = Json::parse(object, nullptr, false);
      if (json.is_object() && !cancel.cancelled()) on_event(event_from(json));
    });
    return readable;
  };
  const auto reply = co_await call(http, std::move(request));
  if (cancel.cancelled()) co_return Result<void>{};
  http->api_version.reset();  // the next engine at this address may be another one
  if (!reply) co_return std::unexpected(reply.error());
  if (!readable || !stream.complete())
    co_return std::unexpected(bad_reply(http->endpoint(), what, "its stream of events is not JSON"));
  co_return Result<void>{};
}

Task<Result<ContainerEnd>> Client::container_end(std::string id, Deadline deadline) {
  const auto http = http_;
  JsonStream stream;
  ContainerEnd end;
  // `since` is any time in the past: so the engine begins with the events that it keeps.
  const auto filters = filters_json({{"type", {"container"}}, {"container", {id}}});
  HttpRequest request = get("/events" + query({{"since", "1"}, {"filters", filters}}), "events", deadline);
  request.on_body = [&](std::string_view bytes) {
    return stream.feed(bytes, [&](std::string_view object) {
      const Json json = Json::parse(object, nullptr, false);
      if (!json.is_object()) return;
      const Event event = event_from(json);
      if (event.action == "oom") end.out_of_memory = true;
      if (event.action == "kill") end.killed_from_outside = true;
      if (event.action != "die") return;
      end.died = true;
      if (const auto code = event.attributes.find("exitCode"); code != event.attributes.end())
        std::from_chars(code->second.data(), code->second.data() + code->second.size(), end.exit_code);
    }) && !end.died;
  };
  const auto reply = co_await call(http, std::move(request));
  if (!reply && !end.died && Clock::now() < deadline) co_return std::unexpected(reply.error());
  co_return end;
}

}  // namespace dind::engine
