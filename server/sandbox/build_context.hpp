// A build's context as a tar in a file without a name: the files of a folder beneath the workspace, without what its
// .dockerignore leaves out, and the Dockerfile. Blocking: not for the core's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dind/error.hpp"
#include "engine/body_file.hpp"

namespace dind::sandbox {

struct ContextRequest {
  std::string root;             // the workspace as we see it, absolute; empty: there is none
  std::string path;             // of the folder, relative to it; empty: a context without files
  std::string dockerfile;       // its text
  std::string dockerfile_name;  // the file that it is from, relative to the folder or absolute; empty: "Dockerfile"
  // The text of <its file>.dockerignore, which takes the place of .dockerignore. None: it is looked for in the folder.
  std::optional<std::string> ignore;
  bool hide_dockerfile = true;  // from COPY, by the classic builder's own rule; BuildKit has none for a tar
  std::int64_t most_bytes = 1LL << 30;
  std::size_t most_files = 200'000;
};
struct BuildContext {
  std::shared_ptr<engine::BodyFile> tar;  // grows while it is collected
  std::string dockerfile;                 // its name in there
};

// A context that has nothing in it yet. The Dockerfile's name there is "Dockerfile" where it is not hidden and the
// folder has the same text by that name; else one that no other file has. Errors: internal (no file can be made).
Result<BuildContext> begin_context(const ContextRequest& request);

struct CollectedContext {
  std::int64_t bytes = 0;          // of the tar, which is whole
  std::vector<std::string> notes;  // for people: what was left out
};

// Puts everything into it. The tar grows by what is the folder's alone: its end, the Dockerfile in it, is for the
// caller to let go (BodyFile::end), since a builder begins no step before it has both.
// Files and folders have their modes and times, as docker sends them: programs such as make look at them.
// Errors: not_found (no such folder), invalid_request (it leads out of the workspace, also by a link; too large; a
// pattern that docker refuses), cancelled (`stop`, which is looked at before each entry and each piece of a file).
Result<CollectedContext> collect_context(const ContextRequest& request, const BuildContext& context,
                                         const std::stop_token& stop = {});

}  // namespace dind::sandbox
