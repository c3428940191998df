// What the names that a Dockerfile gives to variables, images and sources mean to a builder. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "services/build_sources.hpp"

namespace dind {

// The variables of the platform that BuildKit sets by itself, and the classic builder does not.
inline constexpr std::array<std::string_view, 8> kPlatformVariables = {"TARGETPLATFORM", "TARGETOS",      "TARGETARCH",
                                                                       "TARGETVARIANT",  "BUILDPLATFORM", "BUILDOS",
                                                                       "BUILDARCH",      "BUILDVARIANT"};

inline constexpr const char* kSetBuildkit = "set DOCKER_BUILDKIT=1 (build.builder)";

// What makes a builder take a value of one of them for a FROM.
inline std::string declare_before_first_from(const std::string& variable) {
  return "write \"ARG " + variable + "\" before the first FROM and give it a value (--build-arg, buildArgs)";
}

// One of them without which an image has another name. (A variant is empty on most machines with BuildKit too.)
bool names_an_image(std::string_view variable);

// Whether a platform ("linux/amd64", "x86_64") is for this architecture, by any name that builders know it by.
bool names_architecture(std::string_view platform, std::string_view architecture);

// Whether a builder sets this variable by itself, whatever a Dockerfile says.
bool is_automatic(std::string_view name, bool buildkit);

// The engine's value of a variable that BuildKit sets by itself. None: not known.
std::optional<std::string> platform_value(std::string_view name, const SourceRules& rules);

// Whether the engine may take it for an address: a URL's or a git repository's. `certain`: this is all of it, else what
// it begins with.
bool may_be_remote(std::string_view source, bool certain);

// Whether a builder takes it for the name as it stands: it puts variables into names, and takes quotes away.
bool is_plain_name(std::string_view text);

// Whether "# syntax=" names a frontend of Docker's own.
bool is_dockers_frontend(std::string_view image);

}  // namespace dind
