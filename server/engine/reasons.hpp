// What an engine means by its words. No status tells these cases apart, so that its text is all there is; each has the
// engines in which it was seen. Errors of other origin have none of them.
#pragma once

#include <string_view>

#include "dind/error.hpp"

namespace dind::engine {

// The container whose network another one joins has ended. Docker 20.10 to 28.
bool network_has_ended(std::string_view message);
// The user that was asked for has no number in the engine's user namespace. runc and crun.
bool user_is_unmapped(std::string_view message);
// A layer or an image that is loaded is there already. containerd's store, where two load it at the same time.
bool is_there_already(std::string_view message);
// A link in an image leads out of it. Docker 28.
bool leads_out_of_image(std::string_view message);
// A container can't be created: a file of its image is where a folder has to be. Docker 20.10 to 28.
bool meets_a_file(const Error& error);
// A VOLUME of an image is a file there, or below one. Docker 20.10 to 28.
bool volume_meets_a_file(const Error& error);
// A folder that is mounted is not on the engine's machine. Docker 20.10 to 28.
bool source_is_missing(std::string_view message);
// A seccomp profile is not there where the engine looks for it. Podman.
bool profile_is_missing(std::string_view message);
// A program could not be started: another machine's, or it has no right to run. runc.
bool program_is_refused(std::string_view message);

}  // namespace dind::engine
