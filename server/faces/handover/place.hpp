// Where a server of ours waits for the runs of other processes of the same user: a socket in a folder that is ours
// alone, whose name says which engine and which settings the server has. Who has other ones finds no server.
#pragma once

#include <string>

namespace dind::faces::handover {

// `settings`: all that decides what a run is (version, engine, configuration, environment), as text.
// Empty: there is no folder that is ours alone. It is made where it is missing.
std::string socket_path(const std::string& settings);

// The connection to the server there. -1: there is none, or it is somebody else's.
int connect_to(const std::string& path);

// Whether the process at the other end is of our user.
bool is_ours(int fd);

}  // namespace dind::faces::handover
