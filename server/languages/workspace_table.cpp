#include "languages/workspace_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "languages/embedded.hpp"
#include "languages/recipe.hpp"

namespace dind::languages {
namespace {

using nlohmann::json;

// Reads one row; keeps the first problem.
class Reader {
 public:
  explicit Reader(const json& row) : row_(row) {}

  void text(const char* field, std::string& into, bool required = false) {
    const json* found = at(field, required);
    if (found == nullptr) return;
    if (!found->is_string() || found->get_ref<const std::string&>().empty())
      return wrong(field, "must be a text that is not empty");
    into = found->get<std::string>();
  }
  void flag(const char* field, bool& into) {
    const json* found = at(field, false);
    if (found == nullptr) return;
    if (!found->is_boolean()) return wrong(field, "must be true or false");
    into = found->get<bool>();
  }
  void list(const char* field, std::vector<std::string>& into, bool required = false) {
    const json* found = at(field, required);
    if (found == nullptr) return;
    if (!found->is_array() || found->empty()) return wrong(field, "must be a list that is not empty");
    for (const auto& each : *found) {
      if (!each.is_string() || each.get_ref<const std::string&>().empty())
        return wrong(field, "must hold texts that are not empty");
      into.push_back(each.get<std::string>());
    }
  }
  void variables(const char* field, std::vector<std::pair<std::string, std::string>>& into) {
    const json* found = at(field, false);
    if (found == nullptr) return;
    if (!found->is_object()) return wrong(field, "must be an object of texts");
    for (const auto& [name, value] : found->items()) {
      if (name.empty() || name.contains('=') || !value.is_string())
        return wrong(field, "must be an object of texts, by names without =");
      into.emplace_back(name, value.get<std::string>());
    }
  }
  void installed(const char* field, WorkspaceRow::Installed& into) {
    const json* found = at(field, false);
    if (found == nullptr) return;
    if (!found->is_object()) return wrong(field, "must be an object");
    Reader inner(*found);
    inner.list("json_objects", into.json_objects, true);
    inner.text("folder", into.folder, true);
    inner.text("missing", into.missing, true);
    inner.nothing_else();
    if (!inner.problem_.empty()) wrong(field, inner.problem_);
  }
  void nothing_else() {
    for (const auto& [name, value] : row_.items())
      if (!known_.contains(name)) wrong(name, "is not a field of a row");
  }
  void wrong(const std::string& field, const std::string& problem) {
    if (problem_.empty()) problem_ = "\"" + field + "\" " + problem;
  }
  const std::string& problem() const { return problem_; }

 private:
  const json* at(const char* field, bool required) {
    known_.insert(field);
    const auto found = row_.find(field);
    if (found != row_.end()) return &*found;
    if (required) wrong(field, "is missing");
    return nullptr;
  }

  const json& row_;
  std::set<std::string> known_;
  std::string problem_;
};

std::string read_row(const json& each, WorkspaceRow& row) {
  if (!each.is_object()) return "must be an object";
  Reader reader(each);
  reader.text("id", row.id, true);
  reader.text("label", row.label, true);
  reader.list("files", row.files, true);
  reader.flag("subfolders", row.subfolders);
  reader.flag("build", row.build);
  reader.flag("extra", row.extra);
  reader.list("json_text", row.json_text);
  reader.text("language", row.language);
  reader.list("images", row.images);
  reader.list("command", row.command);
  reader.variables("env", row.env);
  reader.text("dependencies", row.dependencies);
  reader.installed("installed", row.installed);
  reader.nothing_else();
  const auto plain = [](const std::string& name) { return !name.contains('/') && name != "." && name != ".."; };
  if (!std::ranges::all_of(row.files, plain)) reader.wrong("files", "must hold names without folders");
  if (row.build != row.command.empty()) reader.wrong("command", "must be there, or \"build\": one of the two");
  if (!row.build && row.language.empty() == row.images.empty())
    reader.wrong("language", "must be there, or \"images\": one of the two");
  const Recipe* recipe = row.language.empty() ? nullptr : find_recipe(row.language);
  if (!row.language.empty() && recipe == nullptr) reader.wrong("language", "is not the id of a recipe");
  if (!row.dependencies.empty() && (recipe == nullptr || !recipe->packages))
    reader.wrong("dependencies", "needs a language that has an installer");
  return reader.problem();
}

}  // namespace

Result<std::vector<WorkspaceRow>> parse_workspace_table(std::string_view text) {
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_array())
    return fail(ErrorCode::invalid_request, "programs of a workspace: must be a JSON list of rows");
  std::vector<WorkspaceRow> rows;
  std::set<std::string> taken;
  for (const auto& each : parsed) {
    WorkspaceRow row;
    auto problem = read_row(each, row);
    if (problem.empty() && !taken.insert(row.id).second) problem = "\"id\" belongs to another row already";
    if (!problem.empty())
      return fail(ErrorCode::invalid_request, "programs of a workspace, row " + std::to_string(rows.size() + 1) +
                                                  (row.id.empty() ? "" : " (" + row.id + ")") + ": " + problem);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::span<const WorkspaceRow> workspace_table() {
  static const std::vector<WorkspaceRow> all = [] {
    std::vector<WorkspaceRow> rows;
    for (const auto& [name, text] : embedded_workspace_programs()) {
      auto read = parse_workspace_table(text);
      if (!read) throw std::logic_error("languages/workspace/" + std::string(name) + ".json: " + read.error().message);
      rows.insert(rows.end(), read->begin(), read->end());
    }
    return rows;
  }();
  return all;
}

}  // namespace dind::languages
