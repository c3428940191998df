// File URIs of editors: a path is absolute, has no NUL, and has the same key however it is escaped.
#include "frontends/lsp/uri.hpp"

#include "engine/text.hpp"
#include "fuzz.hpp"

using namespace dind;
using namespace dind::frontends::lsp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto& uri : {text, "file://" + text}) {
    const auto path = file_path(uri);
    const auto key = document_key(uri);
    base_name(uri);
    if (!path) {
      fuzz::require(key == uri, "a URI of no file is its own key");
      continue;
    }
    fuzz::require(path->starts_with('/'), "a path is absolute");
    fuzz::require(!path->contains('\0') || uri.contains('\0'), "an escape gives no NUL");
    const auto escaped = "file://" + engine::percent_encode(*path, "/");
    if (path->contains('\0')) continue;
    fuzz::require(file_path(escaped) == path, "an escaped path is read as the same path");
    fuzz::require(document_key(escaped) == key, "an escaped path has the same key");
  }
  std::string whole = text;
  std::erase(whole, '\0');
  const auto path = "/" + whole;
  fuzz::require(file_path("file://" + engine::percent_encode(path, "/")) == path, "every path has a URI");
  fuzz::require(!base_name("file://" + engine::percent_encode(path)).contains('\0'), "a base name has no NUL");
  return 0;
}
