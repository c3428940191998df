// What the names of variables, images and sources in a Dockerfile mean to a builder. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "domain/terms.hpp"
#include "services/builds/build_sources.hpp"

namespace dind {

// The platform variables that BuildKit sets by itself. The classic builder does not set them.
inline constexpr std::array<std::string_view, 8> kPlatformVariables = {"TARGETPLATFORM", "TARGETOS",      "TARGETARCH",
                                                                       "TARGETVARIANT",  "BUILDPLATFORM", "BUILDOS",
                                                                       "BUILDARCH",      "BUILDVARIANT"};

inline constexpr const char* kSetBuildkit = "set DOCKER_BUILDKIT=1 (build.builder)";

// What makes a builder take a value of a platform variable for a FROM.
inline std::string declare_before_first_from(const std::string& variable, Terms terms) {
  return "write \"ARG " + variable + "\" before the first FROM and give it " + build_value_in_terms(terms);
}

// Whether `variable` is a platform variable without which an image name differs. Variants do not count: they are empty
// on most machines with BuildKit too.
bool names_an_image(std::string_view variable);

// Whether a platform ("linux/amd64", "x86_64") is for this architecture, by any name that builders know it by.
bool names_architecture(std::string_view platform, std::string_view architecture);

// Whether a builder sets this variable by itself, whatever a Dockerfile says.
bool is_automatic(std::string_view name, bool buildkit);

// The engine's value of a variable that BuildKit sets by itself. nullopt: not known.
std::optional<std::string> platform_value(std::string_view name, const SourceRules& rules);

// Whether the engine may read `source` as an address: a URL or a git repository. `certain`: `source` is complete;
// otherwise it is only the beginning.
bool may_be_remote(std::string_view source, bool certain);

// Whether a builder uses `text` unchanged as a name. A builder expands variables in names, and removes quotes.
bool is_plain_name(std::string_view text);

// Whether `image`, from a "# syntax=" line, is one of Docker's own BuildKit frontends.
bool is_dockers_frontend(std::string_view image);

}  // namespace dind
