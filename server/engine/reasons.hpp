// Recognizes the reason of a failure by the engine's text, because no status distinguishes these cases. Each function
// names the engines in which the text was seen. Errors of other origin do not contain these texts.
#pragma once

#include <string_view>

#include "dind/error.hpp"

namespace dind::engine {

// The container whose network another container joins has ended. Docker 20.10 to 28.
bool network_has_ended(std::string_view message);
// The requested user has no id in the engine's user namespace. runc and crun.
bool user_is_unmapped(std::string_view message);
// A loaded layer or image exists already. containerd's store, if two clients load it at the same time.
bool is_there_already(std::string_view message);
// A link in an image leads out of the image. Docker 28.
bool leads_out_of_image(std::string_view message);
// A container cannot be created: its image has a file where a folder is needed. Docker 20.10 to 28.
bool meets_a_file(const Error& error);
// A VOLUME of an image is a file there, or is below a file. Docker 20.10 to 28.
bool volume_meets_a_file(const Error& error);
// A mounted folder does not exist on the engine's machine. Docker 20.10 to 28.
bool source_is_missing(std::string_view message);
// The engine does not find a seccomp profile. Podman.
bool profile_is_missing(std::string_view message);
// The runtime found a file that it had just made unlinked, and so did not start the container; another start may work.
// runc 1.1 and 1.3 on an overlay file system, if many containers start at the same time.
bool lost_a_file_at_start(std::string_view message);
// A program could not be started: it is for another architecture, or is not executable. runc.
bool program_is_refused(std::string_view message);

}  // namespace dind::engine
