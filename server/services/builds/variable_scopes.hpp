// The variables of a Dockerfile (ARG and ENV), before the first FROM and in each stage, as far as they are known before
// the build. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "services/builds/build_sources.hpp"
#include "services/builds/dockerfile.hpp"
#include "services/builds/dockerfile_words.hpp"

namespace dind {

using Scope = std::map<std::string, Variable>;

// The variables of one stage.
struct StageVariables {
  bool known = true;     // the base image is known
  bool muddled = false;  // a variable has a name that cannot be read, so no variable of the stage is known
  Scope env, arguments;
};

class VariableScopes {
 public:
  // `rules` must outlive this object. `escape`: the escape character of the Dockerfile.
  VariableScopes(char escape, const SourceRules& rules) : escape_(escape), rules_(rules) {}

  // Expands a word before the first FROM, or of a FROM.
  Expanded global(const std::string& word) const;
  // Expands a word of an instruction of a stage.
  Expanded in_stage(const StageVariables& stage, const std::string& word) const;

  // ARG before the first FROM.
  void declare_global(const Instruction& arg);
  void declare_argument(const Instruction& arg, StageVariables& stage);
  void set_environment(const Instruction& env, StageVariables& stage);

  // The variables that a stage begins with, on another stage or on an image.
  StageVariables based_on(const StageVariables& stage);
  StageVariables based_on(const BaseFacts& image);

 private:
  bool is_bounded() const;
  Variable read(const Variable& found) const;
  Variable local(const StageVariables& stage, const std::string& name) const;
  void count(const std::string& name, const Variable& value);
  void declare(Scope& scope, const std::string& name, const Variable& value);

  const char escape_;
  const SourceRules& rules_;
  Scope arguments_;  // before the first FROM
  std::size_t kept_ = 0;
  mutable std::size_t read_ = 0;
};

}  // namespace dind
