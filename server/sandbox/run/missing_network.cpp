#include "sandbox/run/missing_network.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "domain/terms.hpp"

namespace dind::sandbox {
namespace {

struct Fetcher {
  std::string_view name;
  std::string_view verbs;  // subcommands that need a network, between blanks; empty: all do
};

constexpr std::array kFetchers{
    Fetcher{"npx", ""},
    Fetcher{"npm", " install i ci add update up exec x create init audit view outdated publish "},
    Fetcher{"yarn", " install add up upgrade dlx create "},
    Fetcher{"pnpm", " install i add update up dlx create fetch "},
    Fetcher{"bunx", ""},
    Fetcher{"bun", " install i add update x create "},
    Fetcher{"pip", " install download wheel index "},
    Fetcher{"pip3", " install download wheel index "},
    Fetcher{"pipx", " install run upgrade "},
    Fetcher{"uv", " pip add sync lock tool "},
    Fetcher{"uvx", ""},
    Fetcher{"poetry", " install add update lock "},
    Fetcher{"conda", " install create update "},
    Fetcher{"gem", " install update fetch "},
    Fetcher{"bundle", " install update add "},
    Fetcher{"cargo", " install add fetch update search publish build run test "},
    Fetcher{"go", " get install mod build run test "},
    Fetcher{"composer", " install require update create-project "},
    Fetcher{"mvn", ""},
    Fetcher{"gradle", ""},
    Fetcher{"dotnet", " restore add build run test "},
    Fetcher{"apt-get", " update install upgrade "},
    Fetcher{"apt", " update install upgrade "},
    Fetcher{"apk", " add update upgrade "},
    Fetcher{"dnf", " install update "},
    Fetcher{"yum", " install update "},
    Fetcher{"git", " clone fetch pull push ls-remote submodule "},
    Fetcher{"curl", ""},
    Fetcher{"wget", ""},
    Fetcher{"docker", ""},
};

constexpr std::size_t kMaxScript = 64 << 10;

using Words = std::vector<std::string_view>;

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether a word can come before a command and is not a command itself.
bool is_before_command(std::string_view word) {
  constexpr std::array<std::string_view, 16> kPrefixes{"sudo", "exec", "env",  "time", "nice", "nohup", "command", "if",
                                                       "then", "else", "elif", "do",   "!",    "while", "until",   "{"};
  return std::ranges::find(kPrefixes, word) != kPrefixes.end() ||
         (word.contains('=') && word.front() != '=' && word.front() != '-');
}

std::string fetching(const Words& words) {
  std::size_t at = 0;
  while (at < words.size() && is_before_command(words[at])) ++at;
  if (at == words.size()) return {};
  // For example: python3 -m pip install
  if (at + 2 < words.size() && words[at + 1] == "-m") at += 2;
  const auto name = base_name(words[at]);
  const auto* tool = std::ranges::find(kFetchers, name, &Fetcher::name);
  if (tool == kFetchers.end()) return {};
  if (tool->verbs.empty()) return std::string(name);
  const auto verb = std::ranges::find_if(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end(),
                                         [](std::string_view word) { return !word.starts_with('-'); });
  if (verb == words.end()) return name == "yarn" ? "yarn" : std::string();
  if (!tool->verbs.contains(" " + std::string(*verb) + " ")) return {};
  return std::string(name) + " " + std::string(*verb);
}

std::string fetching_in(std::string_view script) {
  script = script.substr(0, kMaxScript);
  Words words;
  while (!script.empty()) {
    const auto end = std::min(script.find_first_of(" \t\r\n;&|()`"), script.size());
    if (end > 0) words.push_back(script.substr(0, end));
    const char stop = end < script.size() ? script[end] : '\n';
    script.remove_prefix(std::min(end + 1, script.size()));
    if (stop == ' ' || stop == '\t') continue;
    if (auto found = fetching(words); !found.empty()) return found;
    words.clear();
  }
  return fetching(words);
}

bool is_shell(std::string_view name) {
  constexpr std::array<std::string_view, 5> kShells{"sh", "bash", "dash", "ash", "zsh"};
  return std::ranges::find(kShells, base_name(name)) != kShells.end();
}

}  // namespace

std::string fetching_command(const RunPlan& plan) {
  const auto& argv = plan.argv;
  if (plan.language == "shell" && !plan.files.empty()) return fetching_in(plan.files.front().bytes);
  if (argv.size() > 2 && is_shell(argv[0]) && argv[1].starts_with('-') && argv[1].ends_with('c'))
    return fetching_in(argv[2]);
  return fetching(Words(argv.begin(), argv.end()));
}

std::string missing_network_note(const RunPlan& plan) {
  if (plan.network != Network::none) return {};
  const auto command = fetching_command(plan);
  if (command.empty()) return {};
  return "a run has no network, which `" + command + "` needs: install packages before the run, or run it with " +
         in_terms(plan.terms, {.fields = "\"network\": \"internet\"",
                               .flags = "--network internet",
                               .settings = "the setting dind.network at internet"});
}

}  // namespace dind::sandbox
