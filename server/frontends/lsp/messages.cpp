#include "frontends/lsp/messages.hpp"

#include "frontends/lsp/uri.hpp"
#include "support/json_fields.hpp"

namespace dind::frontends::lsp {
namespace {

using rpc::Json;

constexpr int kProtocol = 1;
constexpr int kIncremental = 2;  // TextDocumentSyncKind

std::optional<std::string> path_of(const std::optional<std::string>& uri) {
  return uri ? file_path(*uri) : std::nullopt;
}

// The paths of a list of WorkspaceFolder. Folders of other machines are left out.
std::vector<std::string> paths_of(const Json& folders) {
  std::vector<std::string> paths;
  if (folders.is_array())
    for (const Json& folder : folders)
      if (auto path = path_of(lenient::find_text(folder, "uri"))) paths.push_back(std::move(*path));
  return paths;
}

Position decode_position(const Json& json) {
  return {lenient::find_integer(json, "line").value_or(0), lenient::find_integer(json, "character").value_or(0)};
}

std::optional<Json> value_at(const Json& params, std::string_view path) {
  const Json& value = lenient::field(params, path);
  return value.is_null() ? std::nullopt : std::optional(value);
}

}  // namespace

Result<InitializeParams> decode_initialize(const Json& params) {
  const Json& capabilities = lenient::field(params, "capabilities");
  const auto flag = [&](const char* path) { return lenient::find_flag(capabilities, path).value_or(false); };
  InitializeParams decoded{.client = {.dind_notifications = flag("experimental/dind/output"),
                                      .client_commands = flag("experimental/dind/clientCommands"),
                                      .progress = flag("window/workDoneProgress"),
                                      .refreshes_lenses = flag("workspace/codeLens/refreshSupport")},
                           .settings = lenient::field(params, "initializationOptions"),
                           .folders = {},
                           .pid = lenient::find_integer(params, "processId")};
  for (const Json& each : lenient::field(capabilities, "general/positionEncodings"))
    if (each == "utf-8") decoded.encoding = PositionEncoding::utf8;
  const Json& folders = lenient::field(params, "workspaceFolders");
  if (folders.is_array() && !folders.empty())
    decoded.folders = paths_of(folders);
  else if (auto root = path_of(lenient::find_text(params, "rootUri")))
    decoded.folders.push_back(std::move(*root));
  return decoded;
}

Json initialize_result(const InitializeParams& params, const std::vector<std::string>& commands,
                       const std::string& version) {
  // A client with commands of its own registers them itself; a second one with the same id would be an error there.
  const Json offered = params.client.client_commands ? Json::array() : Json(commands);
  return {{"capabilities",
           {{"positionEncoding", params.encoding == PositionEncoding::utf8 ? "utf-8" : "utf-16"},
            {"textDocumentSync", {{"openClose", true}, {"change", kIncremental}, {"save", false}}},
            {"codeLensProvider", {{"resolveProvider", false}}},
            {"executeCommandProvider", {{"commands", offered}, {"workDoneProgress", true}}},
            {"workspace", {{"workspaceFolders", {{"supported", true}, {"changeNotifications", true}}}}},
            {"experimental", {{"dind", {{"protocol", kProtocol}}}}}}},
          {"serverInfo", {{"name", "dind-executor"}, {"version", version}}}};
}

Result<std::string> decode_code_lens(const Json& params) {
  auto uri = lenient::find_text(params, "textDocument/uri");
  if (!uri) return fail(ErrorCode::invalid_request, "textDocument/codeLens takes { textDocument: { uri } }");
  return std::move(*uri);
}

std::optional<OpenedDocument> decode_did_open(const Json& params) {
  const Json& document = lenient::field(params, "textDocument");
  const auto uri = lenient::find_text(document, "uri");
  if (!uri) return std::nullopt;
  return OpenedDocument{
      *uri,
      {lenient::find_text(document, "languageId").value_or(""), lenient::find_text(document, "text").value_or("")}};
}

std::optional<ChangedDocument> decode_did_change(const Json& params) {
  const auto uri = lenient::find_text(params, "textDocument/uri");
  if (!uri) return std::nullopt;
  ChangedDocument changed{.uri = *uri, .changes = {}};
  for (const Json& each : lenient::field(params, "contentChanges")) {
    auto text = lenient::find_text(each, "text");
    if (!text) continue;
    ChangedDocument::Change change{.from = {}, .to = {}, .text = std::move(*text)};
    if (const Json& range = lenient::field(each, "range"); range.is_object()) {
      change.from = decode_position(lenient::field(range, "start"));
      change.to = decode_position(lenient::field(range, "end"));
    }
    changed.changes.push_back(std::move(change));
  }
  return changed;
}

std::optional<std::string> decode_did_close(const Json& params) {
  return lenient::find_text(params, "textDocument/uri");
}

std::optional<ChangedFolders> decode_changed_folders(const Json& params) {
  const Json& event = lenient::field(params, "event");
  return ChangedFolders{.added = paths_of(lenient::field(event, "added")),
                        .removed = paths_of(lenient::field(event, "removed"))};
}

Result<ExecuteCommandParams> decode_execute_command(const Json& params) {
  const auto command = lenient::find_text(params, "command");
  const Json& arguments = lenient::field(params, "arguments");
  if (arguments.is_array() && arguments.size() > 1)
    return fail(ErrorCode::invalid_request,
                command.value_or("A command") + " takes one argument, not " + std::to_string(arguments.size()));
  if (!command) return fail(ErrorCode::invalid_request, "workspace/executeCommand takes { command, arguments }");
  return ExecuteCommandParams{.command = *command,
                              .argument = arguments.is_array() && !arguments.empty() ? arguments.front() : Json(),
                              .all_arguments = arguments,
                              .work_done_token = lenient::field(params, "workDoneToken")};
}

std::optional<Json> decode_settings(const Json& params) { return value_at(params, "settings/dind"); }

std::optional<Json> decode_progress_token(const Json& params) { return value_at(params, "token"); }

}  // namespace dind::frontends::lsp
