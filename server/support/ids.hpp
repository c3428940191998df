// Names that don't clash: random ids, content hashes, and who we are on this machine.
#pragma once

#include <string>
#include <string_view>

namespace dind {

// `bytes` random bytes as lower-case hex, from the kernel.
std::string random_id(std::size_t bytes = 8);

// SHA-256 as lower-case hex.
std::string sha256(std::string_view bytes);

// This process, so that another one on this machine can tell whether it still lives:
// "<boot id>.<pid namespace>.<pid>.<start time>".
const std::string& process_owner();

// Whether the process that an owner names is surely gone: same boot and pid namespace as ours, and no such process.
// False where it can't be known.
bool owner_is_gone(std::string_view owner);
// Whether it surely lives, on this machine. False where it can't be known.
bool owner_is_alive(std::string_view owner);

}  // namespace dind
