#include "sandbox/run/missing_network.hpp"

#include <catch2/catch_test_macros.hpp>

namespace missing_network_test {

using namespace dind::sandbox;

namespace {

std::string direct(std::vector<std::string> argv) { return fetching_command(RunPlan{.argv = std::move(argv)}); }
std::string line(std::string text) { return direct({"/bin/sh", "-c", std::move(text)}); }

}  // namespace

TEST_CASE("P10: a command that downloads is recognized, however it is started") {
  CHECK(direct({"npx", "--no-install", "cowsay", "hi"}) == "npx");
  CHECK(direct({"/usr/bin/npm", "--silent", "install"}) == "npm install");
  CHECK(direct({"npm", "ci"}) == "npm ci");
  CHECK(direct({"yarn"}) == "yarn");
  CHECK(direct({"pip", "install", "x"}) == "pip install");
  CHECK(direct({"python3", "-m", "pip", "install", "x"}) == "pip install");
  CHECK(direct({"cargo", "fetch"}) == "cargo fetch");
  CHECK(direct({"curl", "https://example.org"}) == "curl");
  CHECK(line("cd app && NODE_ENV=x npm install; node .") == "npm install");
  CHECK(line("if true; then sudo apt-get -y install git; fi") == "apt-get install");
  CHECK(line("(git clone https://example.org/x)") == "git clone");
  CHECK(direct({"bash", "-ec", "set -x\nwget x"}) == "wget");
  const RunPlan script{.language = "shell",
                       .argv = {"bash", "/sandbox/x.sh"},
                       .files = {{.path = "/sandbox/x.sh", .bytes = "#!/bin/sh\n# get it\ngo get x\n"}}};
  CHECK(fetching_command(script) == "go get");
}

TEST_CASE("P10: a command that needs no network is not recognized as a download") {
  for (const auto& argv : std::vector<std::vector<std::string>>{{},
                                                                {"node", "x.js"},
                                                                {"npm", "test"},
                                                                {"npm", "run", "install"},
                                                                {"git", "status"},
                                                                {"pip"},
                                                                {"python3", "curl"},
                                                                {"echo", "npm", "install"},
                                                                {"make", "install"},
                                                                {"npm", "--version"}}) {
    INFO((argv.empty() ? "nothing" : argv.front()));
    CHECK(direct(argv).empty());
  }
  CHECK(line("echo npm install").empty());
  CHECK(line("").empty());
  CHECK(line(";;&&||").empty());
}

TEST_CASE("P10: the note names the command and the missing network, and a run with a network has no note") {
  RunPlan plan{.argv = {"npm", "install"}};
  CHECK(missing_network_note(plan).contains("a run has no network, which `npm install` needs"));
  // I19
  CHECK(missing_network_note(plan).contains("\"network\": \"internet\""));
  plan.terms = dind::Terms::flags;
  CHECK(missing_network_note(plan).contains("--network internet"));
  plan.terms = dind::Terms::settings;
  CHECK(missing_network_note(plan).contains("the setting dind.network"));
  plan.network = dind::Network::internet;
  CHECK(missing_network_note(plan).empty());
}

}  // namespace missing_network_test
