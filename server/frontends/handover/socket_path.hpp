// Where a server waits for runs of other processes of the same user: a socket in a private folder. The socket's name
// depends on the server's engine and settings, so a process with other ones finds no server.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace dind::frontends::handover {

// The folder for the sockets of this user's processes. No other user may enter it. It is created if it does not exist.
// Empty: no such folder is possible.
std::string socket_folder();

// `settings`: everything that decides what a run is (version, engine, configuration, environment), as text.
// Empty: there is no private folder.
std::string socket_path(const std::string& settings);

// Where the process `pid` of this user answers operators (control.hpp). Empty: there is no private folder.
inline constexpr std::string_view kControlPrefix = "control-";
std::string control_path(pid_t pid);

// Connects to the server at `path`. -1: there is no server, or it belongs to another user.
int connect_to(const std::string& path);

// Whether the process at the other end belongs to this user or to root.
bool is_ours(int fd);

}  // namespace dind::frontends::handover
