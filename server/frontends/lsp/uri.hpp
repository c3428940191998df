// Document URIs: how an editor names a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dind::frontends::lsp {

// The path of a `file:` URI of this machine, percent-decoded. nullopt for other schemes, other
// hosts and broken escapes.
std::optional<std::string> file_path(std::string_view uri);
// The last part of the path, decoded, without its folder: "hello.py"; "Untitled-1" for "untitled:Untitled-1".
std::string base_name(std::string_view uri);

// The same key for the same file, whichever characters the client escapes.
std::string document_key(std::string_view uri);

}  // namespace dind::frontends::lsp
