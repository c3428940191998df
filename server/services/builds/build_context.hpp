// Makes the context of an image build: a tar in an unnamed file.
//
// The tar has the files of a folder below the workspace, without what its .dockerignore excludes, and the Dockerfile.
// The functions block: do not call them on the core's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/body_file.hpp"

namespace dind {

struct ContextRequest {
  std::string root;        // the workspace as this process sees it, absolute; empty: no workspace
  std::string path;        // the folder: relative to `root`, or absolute and below it; empty: no files
  std::string dockerfile;  // the text of the Dockerfile
  // The file that the text is from: relative to the folder, or absolute. Empty: "Dockerfile".
  std::string dockerfile_name;
  // The text of <dockerfile_name>.dockerignore, which replaces .dockerignore. nullopt: that file is read from the
  // folder if it exists.
  std::optional<std::string> ignore;
  // Hides the Dockerfile from COPY, by the classic builder's own rule. BuildKit has no such rule for a tar.
  bool hide_dockerfile = true;
  std::int64_t max_bytes = 1LL << 30;
  std::size_t max_files = 200'000;
};
struct BuildContext {
  std::shared_ptr<engine::BodyFile> tar;  // grows while it is collected
  std::string dockerfile;                 // the Dockerfile's name in the tar
};

// Makes a context that is still empty. The Dockerfile's name in it is "Dockerfile" if it is not hidden and the folder's
// file of that name has the same text. Otherwise it is a name that no other file has.
// Errors: internal (no file can be created).
Result<BuildContext> begin_context(const ContextRequest& request);

struct CollectedContext {
  std::int64_t bytes = 0;          // size of the complete tar
  std::vector<std::string> notes;  // for people: what was left out
};

// Writes everything into the context's tar. Meanwhile, the tar's length grows only by the folder's files.
// The end of the tar, with the Dockerfile in it, is held back until the caller releases it (BodyFile::end). A builder
// starts no step before it has both the end and the Dockerfile.
// Files and folders keep their modes and times, as docker sends them: programs such as make read them.
// Errors: not_found (no such folder), invalid_request (the path leads out of the workspace, also by a link; the context
// is too large; docker refuses a pattern), cancelled (`stop`, checked before each entry and each piece of a file).
Result<CollectedContext> collect_context(const ContextRequest& request, const BuildContext& context,
                                         const std::stop_token& stop = {});

}  // namespace dind
