#include "supervisor/mounts.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "dind/run_spec.hpp"

namespace mounts_test {

using dind::supervisor::find_tmpfs;
using dind::supervisor::is_same_mount;
using dind::supervisor::may_be_volume;

namespace {

const std::string kRoot = "100 99 0:50 / / ro - overlay overlay rw\n";
const std::string kWorkspace = "101 100 8:1 /srv/w /workspaces ro - ext4 /dev/sda1 rw\n";
std::string mount(const std::string& device, const std::string& root, const std::string& point) {
  return "102 101 " + device + " " + root + " " + point + " rw,nosuid - ext4 /dev/sda1 rw\n";
}

}  // namespace

TEST_CASE("A mount is the same only if it shows the workspace's own content at that path") {
  struct Case {
    std::string device, root;
    bool same;
  };
  const Case cases[] = {
      {"8:1", "/srv/w/p/.git", true},
      {"8:1", "/etc", false},
      {"8:1", "/", false},
      {"8:1", "/srv/w", false},
      {"8:1", "/srv/w/p", false},
      {"8:1", "/srv/w/p/.git/hooks", false},
      {"8:1", "/srv/w/p/.gitx", false},
      {"8:1", "/srv/w/p/.git//deleted", false},
      {"8:11", "/srv/w/p/.git", false},
      {"8:2", "/srv/w/p/.git", false},
  };
  for (const auto& [device, root, same] : cases) {
    INFO(device << " " << root);
    const auto text = kRoot + kWorkspace + mount(device, root, "/workspaces/p/.git");
    CHECK(is_same_mount(text.c_str(), "/workspaces/p/.git") == same);
  }
}

TEST_CASE("A mount is compared with the nearest mount above it") {
  const auto text = kRoot + kWorkspace + mount("8:1", "/srv/w/p", "/workspaces/p") +
                    mount("8:1", "/srv/w/p/.git", "/workspaces/p/.git");
  CHECK(is_same_mount(text.c_str(), "/workspaces/p"));
  CHECK(is_same_mount(text.c_str(), "/workspaces/p/.git"));
  const auto moved =
      kRoot + kWorkspace + mount("8:1", "/home", "/workspaces/p") + mount("8:1", "/home/.git", "/workspaces/p/.git");
  CHECK_FALSE(is_same_mount(moved.c_str(), "/workspaces/p"));
  CHECK(is_same_mount(moved.c_str(), "/workspaces/p/.git"));  // the check of its parent already failed
}

TEST_CASE("A mount is compared correctly on a separate disk, with spaces in names and with stacked mounts") {
  const auto disk = kRoot + "101 100 8:1 / /workspaces rw - ext4 /dev/sda1 rw\n";
  CHECK(is_same_mount((disk + mount("8:1", "/p/.git", "/workspaces/p/.git")).c_str(), "/workspaces/p/.git"));
  CHECK_FALSE(is_same_mount((disk + mount("8:1", "/q/.git", "/workspaces/p/.git")).c_str(), "/workspaces/p/.git"));
  const auto blank = kRoot + kWorkspace + mount("8:1", "/srv/w/a\\040b\\134", "/workspaces/a\\040b\\134");
  CHECK(is_same_mount(blank.c_str(), "/workspaces/a b\\"));
  const auto twice =
      kRoot + kWorkspace + mount("8:1", "/srv/w/p", "/workspaces/p") + mount("8:1", "/etc", "/workspaces/p");
  CHECK_FALSE(is_same_mount(twice.c_str(), "/workspaces/p"));
}

TEST_CASE("A mount that can't be found or parsed is not the same") {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("\n\n\n"), kRoot, kWorkspace, kRoot + kWorkspace,
        mount("8:1", "/srv/w/p", "/workspaces/p"), std::string("1 2 3"), std::string("1 2 3:4 / ")})
    CHECK_FALSE(is_same_mount(text.c_str(), "/workspaces/p"));
  const auto longer = kRoot + kWorkspace + mount("8:1", "/" + std::string(5000, 'x'), "/workspaces/p");
  CHECK_FALSE(is_same_mount(longer.c_str(), "/workspaces/p"));
  CHECK_FALSE(is_same_mount("/no/mount/of/ours"));
}

TEST_CASE("P24: only writable tmpfs mounts are found, each with its whole path") {
  const auto tmpfs = [](const std::string& point, const std::string& options, const std::string& kind = "tmpfs") {
    return "102 101 0:60 / " + point + " " + options + " master:1 shared:2 - " + kind + " tmpfs rw,size=65536k\n";
  };
  const auto found = [](const std::string& text, auto wanted, std::size_t size = 64) {
    std::string path(size, '?');
    return find_tmpfs(text.c_str(), wanted, path.data(), path.size()) ? std::string(path.c_str()) : "none";
  };
  const auto any = [](const char*) { return true; };
  CHECK(found(kRoot + kWorkspace, any) == "none");
  CHECK(found(kRoot + tmpfs("/data", "rw,nosuid"), any) == "/data");
  CHECK(found(kRoot + tmpfs("/data", "rw"), any) == "/data");
  CHECK(found(kRoot + tmpfs("/a", "ro") + tmpfs("/b", "rw,noexec", "overlay") + tmpfs("/c", "rw"), any) == "/c");
  CHECK(found(tmpfs("/two\\040words", "rw"), any) == "/two words");
  CHECK(found(tmpfs("/a", "rw") + tmpfs("/b", "rw"), [](const char* path) { return path[1] == 'b'; }) == "/b");
  CHECK(found(tmpfs("/longer", "rw") + tmpfs("/b", "rw"), any, 4) == "/b");
  for (const auto* odd :
       {"", "\n", "1 2 3", "102 101 0:60 / /a rw", "102 101 0:60 / /a rw -", "102 101 0:60 / /a rw - \n"})
    CHECK(found(odd, any) == "none");
}

TEST_CASE("P24: a mount of the system, the engine or the workspace is not a VOLUME") {
  const std::string workspace = dind::kWorkspaceMount;
  for (const auto& path : {std::string("/dev"), std::string("/dev/mqueue"), std::string("/proc/acpi"),
                           std::string("/sys/firmware"), std::string("/run"), std::string("/run/secrets"),
                           std::string("/etc"), std::string("/etc/passwd"), workspace, workspace + "/p"}) {
    INFO(path);
    CHECK_FALSE(may_be_volume(path.c_str()));
  }
  for (const auto& path : {std::string("/data"), std::string("/running"), std::string("/devices"),
                           std::string("/etc/no-such-volume"), workspace + "2", std::string("/var/lib/two words")}) {
    INFO(path);
    CHECK(may_be_volume(path.c_str()));
  }
}

}  // namespace mounts_test
