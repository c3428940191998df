// `RunFile` of docs/protocol.md: from a command's argument to a RunSpec.
#pragma once

#include <optional>
#include <string>

#include "dind/error.hpp"
#include "dind/run_spec.hpp"
#include "faces/editor/document_store.hpp"
#include "faces/editor/options.hpp"
#include "rpc/message.hpp"

namespace dind::faces::editor {

struct RunRequest {
  std::string uri;
  RunSpec spec;
  std::string input;  // the program's stdin
};

// Not the shape that the protocol asks for: JSON-RPC's "invalid params", with this message. nullopt: fine.
std::optional<std::string> wrong_shape(const rpc::Json& argument);

// Takes the text of the open document, else of the file on disk. Errors: not_found, invalid_request.
Result<RunRequest> make_request(const rpc::Json& argument, const DocumentStore& documents, const Options& options);

// What a run of that document would ask for, without its text. None: it is no program that we know.
std::optional<RunSpec> expected_run(const rpc::Json& argument, const DocumentStore& documents, const Options& options);

}  // namespace dind::faces::editor
