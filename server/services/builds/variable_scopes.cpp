#include "services/builds/variable_scopes.hpp"

#include <algorithm>
#include <utility>

#include "services/builds/source_names.hpp"

namespace dind {
namespace {

// Bounds, in bytes, on the values of variables (S06). If one is exceeded, all variables count as not known. The rules
// below handle such variables safely.
constexpr std::size_t kMaxKept = 4U << 20;        // kept in all scopes together
constexpr std::size_t kMaxReadBytes = 64U << 20;  // inserted into words
constexpr std::size_t kEntry = 128;               // counted for each variable, in addition to its name and its value

Variable value_of(const Expanded& text) {
  return text.certain ? Variable{.known = true, .value = text.text, .lacks = text.lacks} : Variable{};
}

}  // namespace

// Whether the values are still within kMaxKept and kMaxReadBytes.
bool VariableScopes::is_bounded() const { return kept_ <= kMaxKept && read_ <= kMaxReadBytes; }

Variable VariableScopes::read(const Variable& found) const {
  if (found.value) read_ += found.value->size();
  return is_bounded() ? found : Variable{};
}

void VariableScopes::count(const std::string& name, const Variable& value) {
  kept_ += name.size() + (value.value ? value.value->size() : 0) + kEntry;
}

Expanded VariableScopes::global(const std::string& word) const {
  return expanded(word, escape_, [this](const std::string& name) {
    if (!is_bounded()) return Variable{};
    const auto at = arguments_.find(name);
    if (is_automatic(name, rules_.buildkit)) {
      if (at != arguments_.end()) return Variable{};
      const auto given = rules_.arguments.find(name);
      const auto value = given != rules_.arguments.end() ? given->second : platform_value(name, rules_);
      return value ? Variable{.known = true, .value = value} : Variable{};
    }
    if (at != arguments_.end()) return read(at->second);
    return Variable{.known = true, .value = {}, .lacks = names_an_image(name) ? name : std::string()};
  });
}

Variable VariableScopes::local(const StageVariables& stage, const std::string& name) const {
  if (stage.muddled || !stage.known || !is_bounded()) return {};
  if (const auto at = stage.env.find(name); at != stage.env.end()) return read(at->second);
  const auto at = stage.arguments.find(name);
  if (is_automatic(name, rules_.buildkit)) {
    // An ARG without a default, for which no build argument is given, has the engine's value.
    const bool plain = at != stage.arguments.end() && at->second.known && !at->second.value;
    const auto value = plain && !rules_.arguments.contains(name) ? platform_value(name, rules_) : std::nullopt;
    return value ? Variable{.known = true, .value = value} : Variable{};
  }
  if (at != stage.arguments.end()) return read(at->second);
  return {.known = true, .value = {}};
}

Expanded VariableScopes::in_stage(const StageVariables& stage, const std::string& word) const {
  return expanded(word, escape_, [&](const std::string& name) { return local(stage, name); });
}

// If a variable is declared again with another value, it is not known: builders differ in which one they use.
void VariableScopes::declare(Scope& scope, const std::string& name, const Variable& value) {
  count(name, value);
  if (!is_bounded()) return;
  const auto [at, first] = scope.try_emplace(name, value);
  if (!first && (!at->second.known || at->second.value != value.value)) at->second = {};
}

void VariableScopes::declare_global(const Instruction& arg) {
  for (const auto& word : quoted_words(arg.rest, escape_)) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    if (const auto given = rules_.arguments.find(name); given != rules_.arguments.end())
      declare(arguments_, name, {.known = true, .value = given->second});
    else if (equals != std::string::npos)
      declare(arguments_, name, value_of(global(word.substr(equals + 1))));
  }
}

void VariableScopes::declare_argument(const Instruction& arg, StageVariables& stage) {
  for (const auto& word : quoted_words(arg.rest, escape_)) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    if (!is_plain_name(name)) stage.muddled = true;
    Variable value{.known = true, .value = {}};
    if (const auto given = rules_.arguments.find(name); given != rules_.arguments.end())
      value.value = given->second;
    else if (equals != std::string::npos)
      value = value_of(in_stage(stage, word.substr(equals + 1)));
    else if (const auto outer = arguments_.find(name); outer != arguments_.end())
      value = outer->second;
    declare(stage.arguments, name, value);
  }
}

void VariableScopes::set_environment(const Instruction& env, StageVariables& stage) {
  const auto words = quoted_words(env.rest, escape_);
  if (words.empty()) return;
  Scope made;
  std::size_t made_bytes = 0;
  if (!words.front().contains('=')) {  // "ENV NAME the rest"
    if (!is_plain_name(words.front())) stage.muddled = true;
    const auto rest = env.rest.substr(std::min(env.rest.find(words.front()) + words.front().size(), env.rest.size()));
    const auto begin = std::min(rest.find_first_not_of(" \t"), rest.size());
    made[words.front()] = value_of(in_stage(stage, rest.substr(begin)));
  } else {
    for (const auto& word : words) {
      const auto equals = std::min(word.find('='), word.size());
      const auto name = word.substr(0, equals);
      if (!is_plain_name(name)) stage.muddled = true;
      made[name] = equals == word.size() ? Variable{} : value_of(in_stage(stage, word.substr(equals + 1)));
      if (made_bytes += made[name].value.value_or("").size() + kEntry; made_bytes > kMaxKept) break;
    }
  }
  for (auto& [name, value] : made) {
    count(name, value);
    if (!is_bounded()) break;
    stage.env.insert_or_assign(name, std::move(value));
  }
}

StageVariables VariableScopes::based_on(const StageVariables& stage) {
  StageVariables made{.known = stage.known, .muddled = stage.muddled, .env = {}, .arguments = {}};
  for (const auto& [name, value] : stage.env) count(name, value);
  if (is_bounded()) made.env = stage.env;
  return made;
}

StageVariables VariableScopes::based_on(const BaseFacts& image) {
  StageVariables made;
  for (const auto& [name, value] : image.env) count(name, made.env[name] = {.known = true, .value = value});
  return made;
}

}  // namespace dind
