#include "services/runs/run_size.hpp"

#include <map>
#include <string>

#include "support/units.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxVariables = 1000;
constexpr std::size_t kMaxVariableBytes = 1U << 20;

Result<void> check_variables(const std::map<std::string, std::string>& variables, const std::string& what,
                             const std::string& remedy) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : variables) bytes += name.size() + value.size();
  if (variables.size() <= kMaxVariables && bytes <= kMaxVariableBytes) return {};
  return fail(ErrorCode::invalid_request, "A run may have " + std::to_string(kMaxVariables) + " " + what + " of " +
                                              format_bytes(kMaxVariableBytes) + " in all, not " +
                                              std::to_string(variables.size()) + " of " +
                                              format_bytes(static_cast<std::int64_t>(bytes)) + ". " + remedy);
}

}  // namespace

Result<void> check_size(const RunSpec& spec) {
  if (auto small = check_variables(spec.env, "environment variables", "Put the data into a file or stdin"); !small)
    return small;
  const auto* build = std::get_if<BuildProgram>(&spec.program);
  if (build == nullptr) return {};
  return check_variables(build->arguments, "build arguments", "Put the data into a file of the context");
}

}  // namespace dind
