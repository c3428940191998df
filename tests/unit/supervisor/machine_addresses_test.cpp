// S08: which addresses the egress filter blocks as those of the engine's machine.
#include "supervisor/machine_addresses.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "support/ids.hpp"

namespace machine_addresses_test {

using namespace dind::supervisor;

namespace {

std::string leaf(const std::string& address, const std::string& kind) {
  return "           |-- " + address + "\n              " + kind + "\n";
}

// Null: the reader failed.
std::optional<std::vector<std::uint32_t>> read(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / ("dind-fib-" + dind::random_id());
  std::ofstream(path) << text;
  static MachineAddresses found;
  found.count = 0;
  const bool good = read_machine_addresses(path.c_str(), found);
  std::filesystem::remove(path);
  if (!good) return std::nullopt;
  return std::vector(found.all, found.all + found.count);
}

}  // namespace

TEST_CASE("The public addresses of a machine are found in its routes, each once") {
  const std::string text = "Main:\n  +-- 0.0.0.0/0 3 0 5\n" + leaf("0.0.0.0", "/0 universe UNICAST") +
                           leaf("203.0.113.0", "/24 link UNICAST") + leaf("203.0.113.50", "/32 host LOCAL") +
                           leaf("203.0.113.255", "/32 link BROADCAST") + leaf("198.51.100.7", "/32 host LOCAL") +
                           "Local:\n" + leaf("203.0.113.50", "/32 host LOCAL\n              /32 host LOCAL");
  CHECK(read(text) == std::vector<std::uint32_t>{0xcb007132, 0xc6336407});
}

TEST_CASE("Private addresses, and addresses that the machine only has a route to, are left out") {
  CHECK(read(leaf("127.0.0.1", "/32 host LOCAL") + leaf("127.0.0.0", "/8 host LOCAL") +
             leaf("10.0.0.5", "/32 host LOCAL") + leaf("172.18.0.1", "/32 host LOCAL") +
             leaf("192.168.1.5", "/32 host LOCAL") + leaf("169.254.3.4", "/32 host LOCAL") +
             leaf("100.64.0.1", "/32 host LOCAL") + leaf("168.63.129.16", "/32 host LOCAL") +
             leaf("198.51.100.7", "/32 universe UNICAST") + leaf("198.51.100.8", "/32 link UNICAST")) ==
        std::vector<std::uint32_t>{});
}

TEST_CASE("A malformed file of routes gives no addresses, and more than the max number is an error") {
  for (const std::string text :
       {"", "\n\n", "/32 host LOCAL\n", "|-- \n/32 host LOCAL\n", "|-- 999.1.1.1\n/32 host LOCAL\n",
        "|-- 1.2.3\n/32 host LOCAL\n", "|-- 2001:db8::1\n/32 host LOCAL\n"})
    CHECK(read(text) == std::vector<std::uint32_t>{});
  CHECK(read(std::string(100'000, 'x')) == std::vector<std::uint32_t>{});
  std::string many;
  for (unsigned i = 0; i < MachineAddresses::kMaxCount; ++i)
    many += leaf("8." + std::to_string(i >> 8) + "." + std::to_string(i & 255) + ".1", "/32 host LOCAL");
  CHECK(read(many)->size() == MachineAddresses::kMaxCount);
  CHECK_FALSE(read(many + leaf("9.9.9.9", "/32 host LOCAL")));
  CHECK(read(many + leaf("8.0.0.1", "/32 host LOCAL"))->size() == MachineAddresses::kMaxCount);
}

TEST_CASE("A missing file of routes gives no addresses, and an unreadable one is an error") {
  static MachineAddresses found;
  CHECK(read_machine_addresses("/nonexistent/routes", found));
  CHECK(found.count == 0);
  CHECK_FALSE(read_machine_addresses("/proc/self/mem", found));  // exists, but can't be read
}

}  // namespace machine_addresses_test
