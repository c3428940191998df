// Where a server of ours waits for the runs of other processes of the same user: a socket in a folder that is ours
// alone, whose name says which engine and which settings the server has. Who has other ones finds no server.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace dind::frontends::handover {

// The folder for sockets of this user's processes, which nobody else may enter. It is made where it is missing. Empty:
// there is none.
std::string socket_folder();

// `settings`: all that decides what a run is (version, engine, configuration, environment), as text.
// Empty: there is no folder that is ours alone.
std::string socket_path(const std::string& settings);

// Where the process `pid` of this user answers operators (control.hpp); empty: there is no place.
inline constexpr std::string_view kControlPrefix = "control-";
std::string control_path(pid_t pid);

// The connection to the server there. -1: there is none, or it is somebody else's.
int connect_to(const std::string& path);

// Whether the process at the other end is of our user, or root's.
bool is_ours(int fd);

}  // namespace dind::frontends::handover
