#include "frontends/lsp/options.hpp"

#include <cmath>

#include "dind/limit_bounds.hpp"
#include "support/json_fields.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind::frontends::lsp {
namespace {

using rpc::Json;

std::unexpected<Error> wrong_option(const char* name, const Json& value, const char* expected) {
  const auto seen = shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
  return fail(ErrorCode::invalid_request, std::string(name) + " is " + seen + "; it must be " + expected);
}

bool positive(const Json& value) {
  return value.is_number() && std::isfinite(value.get<double>()) && value.get<double>() > 0;
}

Result<void> read_timeout(const Json& value, LimitsRequest& limits) {
  if (!positive(value)) return wrong_option("timeout", value, "a number of seconds above 0");
  limits.timeout = std::chrono::milliseconds(
      std::max<std::int64_t>(1, std::llround(std::min(value.get<double>(), kMaxSeconds) * 1000)));
  return {};
}

Result<void> read_memory(const Json& value, LimitsRequest& limits) {
  if (value.is_string()) {
    const auto bytes = parse_bytes(value.get_ref<const std::string&>());
    if (!bytes) return wrong_option("memory", value, "a size such as \"512m\" or \"2g\"");
    limits.memory_bytes = *bytes;
    return {};
  }
  if (!positive(value)) return wrong_option("memory", value, "a size such as \"512m\", or a number of bytes above 0");
  limits.memory_bytes = static_cast<std::int64_t>(std::min(value.get<double>(), 1e18));
  return {};
}

Result<void> read_cpus(const Json& value, LimitsRequest& limits) {
  if (!positive(value)) return wrong_option("cpus", value, "a number above 0");
  limits.cpus = value.get<double>();
  return {};
}

Result<void> read_pids(const Json& value, LimitsRequest& limits) {
  if (!value.is_number_integer() || !positive(value)) return wrong_option("pids", value, "a whole number above 0");
  limits.pids = static_cast<std::int64_t>(std::min(value.get<double>(), 1e9));
  return {};
}

constexpr std::pair<const char*, Result<void> (*)(const Json&, LimitsRequest&)> kLimits[] = {
    {"timeout", read_timeout}, {"memory", read_memory}, {"cpus", read_cpus}, {"pids", read_pids}};

}  // namespace

Result<LimitsRequest> read_limits(const Json& json) {
  LimitsRequest limits;
  for (const auto& [name, read] : kLimits) {
    const Json& value = lenient::field(json, name);
    if (value.is_null()) continue;
    if (const auto done = read(value, limits); !done) return std::unexpected(done.error());
  }
  return limits;
}

Result<std::optional<Network>> read_network(const Json& json) {
  const Json& value = lenient::field(json, "network");
  if (value.is_null()) return std::optional<Network>{};
  if (value == "none") return std::optional(Network::none);
  if (value == "internet") return std::optional(Network::internet);
  if (value.is_object() && value.contains("hosts"))
    return fail(ErrorCode::invalid_request,
                "network is a list of hosts, which is not supported yet; it must be \"none\" or \"internet\"");
  return wrong_option("network", value, "\"none\" or \"internet\"");
}

Result<std::optional<PullPolicy>> read_pull(const Json& json) {
  const Json& value = lenient::field(json, "pull");
  if (value.is_null()) return std::optional<PullPolicy>{};
  auto policy = value.is_string() ? parse_pull_policy(value.get_ref<const std::string&>()) : std::nullopt;
  if (!policy) return wrong_option("pull", value, "\"missing\", \"never\" or \"always\"");
  return policy;
}

Result<std::optional<Isolation>> read_isolation(const Json& json) {
  const Json& value = lenient::field(json, "isolation");
  if (value.is_null()) return std::optional<Isolation>{};
  if (value.is_string())
    if (const auto known = parse_isolation(value.get_ref<const std::string&>())) return known;
  return wrong_option("isolation", value, "\"runc\" or \"gvisor\"");
}

Result<std::optional<bool>> read_record(const Json& json) {
  const Json& value = lenient::field(json, "record");
  if (value.is_null()) return std::optional<bool>{};
  if (value.is_boolean()) return value.get<bool>();
  return wrong_option("record", value, "true or false");
}

Options read_options(const Json& json, std::vector<std::string>& warnings) {
  Options options;
  const auto warn = [&](const std::string& what) { warnings.push_back("dind." + what); };
  for (const auto& [name, read] : kLimits) {
    const Json& value = lenient::field(json, name);
    if (value.is_null()) continue;
    if (const auto done = read(value, options.limits); !done) warn(done.error().message);
  }
  if (const auto network = read_network(json))
    options.network = *network;
  else
    warn(network.error().message);
  if (const auto pull = read_pull(json))
    options.pull = *pull;
  else
    warn(pull.error().message);
  if (const auto isolation = read_isolation(json))
    options.isolation = *isolation;
  else
    warn(isolation.error().message);
  const Json& images = lenient::field(json, "images");
  if (images.is_object()) {
    for (const auto& [language, image] : images.items()) {
      if (image.is_string() && !image.get_ref<const std::string&>().empty())
        options.images[language] = image.get<std::string>();
      else
        warn(wrong_option(("images." + language).c_str(), image, "an image's name").error().message);
    }
  } else if (!images.is_null()) {
    warn(wrong_option("images", images, "an object of language and image").error().message);
  }
  for (const auto& [name, into] : {std::pair("codeLens", &options.code_lens), std::pair("warmPool", &options.warm_pool),
                                   std::pair("record", &options.record)}) {
    const Json& value = lenient::field(json, name);
    if (value.is_boolean())
      *into = value.get<bool>();
    else if (!value.is_null())
      warn(wrong_option(name, value, "true or false").error().message);
  }
  return options;
}

LimitsRequest merged(const LimitsRequest& request, const LimitsRequest& options) {
  return {.timeout = request.timeout ? request.timeout : options.timeout,
          .memory_bytes = request.memory_bytes ? request.memory_bytes : options.memory_bytes,
          .cpus = request.cpus ? request.cpus : options.cpus,
          .pids = request.pids ? request.pids : options.pids};
}

}  // namespace dind::frontends::lsp
