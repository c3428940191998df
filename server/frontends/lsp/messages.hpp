// Decodes the params of LSP messages (docs/protocol.md). Lenient, as LSP wants it: a field of another type counts as
// missing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "frontends/lsp/document_store.hpp"
#include "rpc/message.hpp"

namespace dind::frontends::lsp {

// What the client supports.
struct ClientCapabilities {
  bool dind_notifications = false;  // experimental.dind.output
  bool client_commands = false;     // experimental.dind.clientCommands
  bool progress = false;            // window.workDoneProgress
  bool refreshes_lenses = false;    // workspace.codeLens.refreshSupport
};

struct InitializeParams {
  ClientCapabilities client;
  PositionEncoding encoding = PositionEncoding::utf16;
  rpc::Json settings;                // initializationOptions; null: none
  std::vector<std::string> folders;  // paths of the folders that are open in the editor
  std::optional<std::int64_t> pid;   // of the client
};
Result<InitializeParams> decode_initialize(const rpc::Json& params);

// The result of `initialize`.
rpc::Json initialize_result(const InitializeParams& params, const std::vector<std::string>& commands,
                            const std::string& version);

// The URI of the document of a request. Error (invalid_request): it has none.
Result<std::string> decode_code_lens(const rpc::Json& params);

struct OpenedDocument {
  std::string uri;
  Document document;
};
std::optional<OpenedDocument> decode_did_open(const rpc::Json& params);

struct ChangedDocument {
  struct Change {
    std::optional<Position> from, to;  // nullopt: the whole text
    std::string text;
  };
  std::string uri;
  std::vector<Change> changes;
};
std::optional<ChangedDocument> decode_did_change(const rpc::Json& params);

std::optional<std::string> decode_did_close(const rpc::Json& params);  // the URI

// Paths of the folders that were added to the editor's workspace and removed from it.
struct ChangedFolders {
  std::vector<std::string> added, removed;
};
std::optional<ChangedFolders> decode_changed_folders(const rpc::Json& params);

struct ExecuteCommandParams {
  std::string command;
  rpc::Json argument;       // the first argument; null: none
  rpc::Json all_arguments;  // as sent
  rpc::Json work_done_token;
};
// Error (invalid_request): the command has no name, or more than one argument.
Result<ExecuteCommandParams> decode_execute_command(const rpc::Json& params);

// The value at `path` of the params; nullopt: there is none.
std::optional<rpc::Json> decode_settings(const rpc::Json& params);        // settings.dind
std::optional<rpc::Json> decode_progress_token(const rpc::Json& params);  // token

}  // namespace dind::frontends::lsp
