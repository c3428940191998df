#include "services/workspaces/workspace_memory.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/ids.hpp"
#include "support/io/folder.hpp"
#include "support/io/private_files.hpp"

namespace dind {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr const char* kFile = "workspaces.json";

std::string state_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const auto state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/dind-executor";
  const auto home = variable("HOME");
  return home.starts_with('/') ? home + "/.local/state/dind-executor" : "";
}

json all_remembered() {
  const auto folder = Folder::open(state_folder());
  std::string text;
  if (!folder || folder->read(kFile, kMaxBytes, text) != Folder::Problem::none) return json::object();
  auto parsed = json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : json::object();
}

std::optional<std::string> text_at(const json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Changes the file, and drops folders that no longer exist.
template <class Change>
bool change(Change apply) {
  const auto state = state_folder();
  if (state.empty()) return false;
  auto all = all_remembered();
  std::error_code problem;
  std::erase_if(all.get_ref<json::object_t&>(),
                [&](const auto& each) { return !fs::is_directory(each.first, problem); });
  apply(all);
  if (make_private_folder(state)) return false;
  // The file changes completely or not at all, even if another process writes at the same time.
  const std::string temporary = state + "/." + kFile + "." + random_id();
  {
    std::ofstream file(temporary, std::ios::binary);
    file << all.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
    if (!file.flush()) return false;
  }
  fs::permissions(temporary, fs::perms::owner_read | fs::perms::owner_write, problem);
  fs::rename(temporary, state + "/" + kFile, problem);
  if (!problem) return true;
  ::unlink(temporary.c_str());
  return false;
}

}  // namespace

std::optional<WorkspaceChoice> remembered(const std::string& folder) {
  const auto all = all_remembered();
  const auto entry = all.find(folder);
  if (entry == all.end() || !entry->is_object()) return std::nullopt;
  WorkspaceChoice choice{.program = text_at(*entry, "program"), .command = text_at(*entry, "command")};
  if (!choice.program && (!choice.command || choice.command->empty())) return std::nullopt;
  return choice;
}

bool remember(const std::string& folder, const WorkspaceChoice& choice) {
  json entry = json::object();
  if (choice.program) entry["program"] = *choice.program;
  if (choice.command) entry["command"] = *choice.command;
  return change([&](json& all) { all[folder] = std::move(entry); });
}

bool forget_choice(const std::string& folder) {
  return change([&](json& all) { all.erase(folder); });
}

}  // namespace dind
