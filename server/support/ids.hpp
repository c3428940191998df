// Names that do not collide: random ids, content hashes, and the identity of this process on this machine.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// `bytes` random bytes from the kernel, as lower-case hex.
std::string random_id(std::size_t bytes = 8);

// SHA-256 as lower-case hex.
std::string sha256(std::string_view bytes);

// Identifies this process, so that another process on this machine can check whether it still lives: "<boot id>.<pid
// namespace>.<pid>.<start time>".
const std::string& process_owner();

// True if the owner's process certainly does not exist: same boot and pid namespace as this process, and no such
// process. False if this cannot be known.
bool owner_is_gone(std::string_view owner);
// True if the process certainly lives, on this machine. False if this cannot be known.
bool owner_is_alive(std::string_view owner);

}  // namespace dind
