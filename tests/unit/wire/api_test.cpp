// The codec has exactly the fields of api/: a request accepts no other field, and a reply has no other field.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "wire/error_codec.hpp"
#include "wire/event_codec.hpp"
#include "wire/lsp_codec.hpp"
#include "wire/names.hpp"
#include "wire/run_result_codec.hpp"
#include "wire/run_spec_codec.hpp"

namespace api_test {

using namespace dind;
using nlohmann::json;
using Names = std::set<std::string>;

namespace {

// A schema and the file that it is in.
struct Schema {
  std::string file;
  json content;
};

json file_of_api(const std::string& name) {
  static std::map<std::string, json> read;
  auto& content = read[name];
  if (content.is_null()) {
    std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../../../api" / name);
    INFO(name);
    REQUIRE(file);
    content = json::parse(file);
  }
  return content;
}

Schema target(const std::string& from, const std::string& reference) {
  const auto hash = reference.find('#');
  const std::string file = hash == 0 ? from : reference.substr(0, hash);
  return {file, file_of_api(file).at(json::json_pointer(reference.substr(hash + 1)))};
}

Schema schema(const std::string& file, const std::string& name) {
  return target(file + ".schema.json", "#/$defs/" + name);
}

// Each property with its schema, including those of `allOf`. Adds the required names to `required`.
std::map<std::string, Schema> properties(const Schema& of, Names& required) {
  std::map<std::string, Schema> all;
  for (const auto& part : of.content.value("allOf", json::array()))
    all.merge(properties(target(of.file, part.at("$ref").get<std::string>()), required));
  const json own = of.content.value("properties", json::object());
  for (const auto& [name, property] : own.items()) all[name] = {of.file, property};
  for (const auto& name : of.content.value("required", json::array())) required.insert(name.get<std::string>());
  return all;
}

// A value that the schema allows.
json example(const Schema& of) {
  const json& content = of.content;
  if (content.contains("$ref")) return example(target(of.file, content.at("$ref").get<std::string>()));
  for (const char* choice : {"anyOf", "oneOf"})
    if (content.contains(choice)) return example({of.file, content.at(choice).front()});
  if (content.contains("enum")) return content.at("enum").front();
  if (content.value("pattern", "") == "^(/.*)?$") return "/here";
  const json kind = content.at("type").is_array() ? content.at("type").front() : content.at("type");
  if (kind == "string") return "text";
  if (kind == "boolean") return true;
  if (kind == "array") return json::array({example({of.file, content.at("items")})});
  if (kind == "integer" || kind == "number") return content.value("minimum", json(1));
  if (content.contains("additionalProperties") && content.at("additionalProperties").is_object())
    return {{"name", example({of.file, content.at("additionalProperties")})}};
  Names ignored;
  json value = json::object();
  for (const auto& [name, property] : properties(of, ignored)) value[name] = example(property);
  return value;
}

Names keys(const json& object) {
  Names names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

template <typename Read>
void takes_exactly(const Schema& request, Read read) {
  Names required;
  const auto fields = properties(request, required);
  json whole = json::object();
  for (const auto& [name, property] : fields) whole[name] = example(property);
  INFO(whole.dump());
  const auto taken = read(whole);
  INFO((taken ? "" : taken.error().message));
  REQUIRE(taken);
  for (const auto& [name, property] : fields) {
    INFO(name);
    auto wrong = whole;
    wrong[name] = json::array({json::array()});  // no field has this type
    CHECK_FALSE(read(wrong));
    auto without = whole;
    without.erase(name);
    CHECK(read(without).has_value() != required.contains(name));
    auto null = whole;
    null[name] = nullptr;
    CHECK(read(null).has_value() != required.contains(name));
  }
  whole["other"] = 1;
  const auto refused = read(whole);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("unknown field \"other\""));
}

// `value` has all required fields of the schema, and no field that the schema does not have.
void has_only(const json& value, const Schema& reply) {
  Names required;
  const auto fields = properties(reply, required);
  for (const auto& name : keys(value)) {
    INFO(name);
    CHECK(fields.contains(name));
  }
  for (const auto& name : required) {
    INFO(name);
    CHECK(value.contains(name));
  }
}

RunResult a_result() {
  RunResult result;
  result.run_id = "r";
  result.exit_code = 3;
  result.signal = 9;
  result.cpu = std::chrono::microseconds(1501);
  result.peak_memory_bytes = 7;
  result.image_digest = "sha256:1";
  result.builder = "classic";
  result.cancel_reason = CancelReason::user;
  result.notes = {"a note"};
  return result;
}

template <typename Enum>
Names names_known() {
  Names names;
  for (const Enum each : kAll<Enum>) names.emplace(to_string(each));
  return names;
}

Names names_of_api(const std::string& file, const std::string& type) {
  return schema(file, type).content.at("enum").get<Names>();
}

}  // namespace

TEST_CASE("Each request accepts every field of api/ and refuses other fields") {
  for (const char* type : {"RunCode", "RunCommand", "RunDockerfile"}) {
    INFO(type);
    takes_exactly(schema("run_request", type), read_run);
  }
  for (const auto& [method, type] : {std::pair("runPythonCode", "RunPythonCode"),
                                     {"runShellScript", "RunShellScript"},
                                     {"runCommand", "RunCommandParams"},
                                     {"buildAndRun", "BuildAndRun"}}) {
    INFO(method);
    takes_exactly(schema("run_request", type), run_method(method));
  }
  takes_exactly(schema("run_request", "ExecuteRequest"), read_execute);
}

TEST_CASE("Each command argument of an editor accepts the fields of api/ and no other fields") {
  takes_exactly(schema("lsp", "RunFile"),
                [](const json& argument) { return read_run_file(argument, {}, Sender::client); });
  takes_exactly(schema("lsp", "RunWorkspace"),
                [](const json& argument) { return read_run_workspace(argument, {}, Sender::client); });
}

TEST_CASE("Each editor setting of api/ is read, and a value of a wrong type gives a warning") {
  Names required;
  for (const auto& [name, property] : properties(schema("lsp", "Options"), required)) {
    INFO(name);
    std::vector<std::string> warnings;
    read_lsp_options({{name, example(property)}}, warnings);
    CHECK(warnings.empty());
    read_lsp_options({{name, json::array({json::array()})}}, warnings);
    CHECK(warnings.size() == 1);
  }
}

TEST_CASE("A result has the fields of api/ and no other fields") {
  for (const auto& result : {RunResult(), a_result()}) has_only(result_json(result), schema("result", "RunResult"));
}

TEST_CASE("An event has the fields of api/ and no other fields") {
  for (const auto& [type, change] : std::initializer_list<std::pair<const char*, StateChange>>{
           {"QueuedFields", Queued{3}},
           {"PreparingFields", Preparing{Stage::image, "Pulling", 41}},
           {"PreparingFields", Preparing{}},
           {"StartedFields", Started{.run_id = "r", .notes = {"one"}}}}) {
    INFO(type);
    auto fields = state_fields(change);
    fields.erase("runId");  // each frontend adds it to every event
    has_only(fields, schema("events", type));
  }
  has_only(limits_json({}, Network::none), schema("limits", "GrantedLimits"));
}

TEST_CASE("An error has the fields of api/ and no other fields") {
  for (const auto code : kAll<ErrorCode>) has_only(run_error_json({code, "why", 500}), schema("error", "ErrorData"));
}

TEST_CASE("The names of enumeration values are those of api/") {
  CHECK(names_known<Network>() == names_of_api("types", "Network"));
  CHECK(names_known<PullPolicy>() == names_of_api("types", "Pull"));
  CHECK(names_known<WorkspaceAccess>() == names_of_api("types", "WorkspaceAccess"));
  CHECK(names_known<Isolation>() == names_of_api("types", "Isolation"));
  CHECK(names_known<Verdict>() == names_of_api("types", "Verdict"));
  CHECK(names_known<Stage>() == names_of_api("types", "Stage"));
  CHECK(names_known<CancelReason>() == names_of_api("types", "CancelReason"));
  CHECK(names_known<Channel>() == names_of_api("types", "Channel"));
  auto kinds = names_known<ErrorCode>();
  kinds.insert("shutting_down");  // in frontends/shared/execution.hpp; not an error of a run
  CHECK(kinds == names_of_api("error", "ErrorKind"));
}

TEST_CASE("A recorded result or error is read as it was written") {
  for (const auto& result : {RunResult(), a_result()}) {
    const auto read = parse_result(result_record(result));
    REQUIRE(read);
    CHECK(result_record(*read) == result_record(result));
    CHECK(read->cpu == result.cpu);
  }
  const auto error = parse_error(error_record({ErrorCode::busy, "later", 503}));
  REQUIRE(error);
  CHECK(error->code == ErrorCode::busy);
  CHECK(error->engine_status == 503);
  CHECK_FALSE(parse_result(json::object()));
  CHECK_FALSE(parse_error({{"message", "x"}}));
}

TEST_CASE("A record keeps values that a C++ program may set and a client may not") {
  RunSpec spec{.program = CommandProgram{.command = std::vector<std::string>(), .language = "python", .images = {"a"}}};
  spec.dependencies = {"six"};
  spec.limits = {.timeout = std::chrono::milliseconds(0), .memory_bytes = 1, .cpus = 1e9, .pids = -1};
  spec.caller.client = "who";
  spec.notes = {"a note"};
  const auto read = parse_run_spec(run_spec_record(spec));
  REQUIRE(read);
  CHECK(run_spec_record(*read) == run_spec_record(spec));
  CHECK(std::get<CommandProgram>(read->program).language == "python");
  CHECK(read->dependencies == spec.dependencies);
  CHECK(read->limits.pids == -1);
  CHECK(read->caller.client == "who");
}

TEST_CASE("A client can't send the fields that only a record has") {
  const auto refused = read_run({{"code", "1"}, {"internal", {{"client", "other"}}}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("unknown field \"internal\""));
}

}  // namespace api_test
