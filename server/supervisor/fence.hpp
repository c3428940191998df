// `supervisor --fence`: run once by a container of ours that shares a sandbox's network and may administer it.
#pragma once

namespace dind::supervisor {

// Makes every private, link-local and special address unreachable, the sandbox's own subnet with its gateway among
// them, and the machine's own addresses by `machine_routes`, its fib_trie (where there is none: all but these). What is
// left is the way out. Prints one line and returns the exit code: 0 fenced, 1 not.
int fence(const char* machine_routes);

// How many of the addresses that a fence makes unreachable have a way from here: gateways, and one of each private
// block. Sends nothing.
int count_private_routes();

}  // namespace dind::supervisor
