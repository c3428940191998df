// `supervisor --egress-filter` installs the egress filter. A container created by dind-executor runs it once: it shares
// a sandbox's network and may administer it.
#pragma once

namespace dind::supervisor {

// Makes all private, link-local and special addresses unreachable, including the sandbox's own subnet with its gateway.
// The same for the machine's own addresses in `machine_routes`, a fib_trie file (null: kMachineRoutes; if it does not
// exist, they stay reachable). The default route remains. Prints one line and returns the exit code: 0 filtered, 1 not.
int install_egress_filter(const char* machine_routes);

// The number of reachable addresses among those that the egress filter blocks: gateways, and one address of each
// private block. Sends nothing.
int count_private_routes();

}  // namespace dind::supervisor
