// Folders and files that are this user's alone, whatever the umask takes (R16).
#pragma once

#include <string>
#include <system_error>

namespace dind {

// Makes a folder with mode 0700 where it does not exist. Folders above it get what the umask leaves of 0777, and their
// owner every right. A folder that exists stays as it is.
std::error_code make_private_folder(const std::string& path);

// open(2) with O_CREAT; a file that this call makes has mode 0600. -1: errno says why.
int open_private(const std::string& path, int flags);

}  // namespace dind
