// The names of values on the wire, and how they are read. A unit test compares them with api/.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "dind/error.hpp"
#include "dind/run_event.hpp"
#include "dind/run_spec.hpp"

namespace dind {

std::string_view to_string(Channel channel);  // "stdout" · "stderr"

// All values of an enumeration.
template <typename Enum>
inline constexpr std::array<Enum, 0> kAll{};
template <>
inline constexpr std::array kAll<Network>{Network::none, Network::internet};
template <>
inline constexpr std::array kAll<Channel>{Channel::out, Channel::err};
template <>
inline constexpr std::array kAll<PullPolicy>{PullPolicy::missing, PullPolicy::never, PullPolicy::always};
template <>
inline constexpr std::array kAll<WorkspaceAccess>{WorkspaceAccess::read_only, WorkspaceAccess::read_write};
template <>
inline constexpr std::array kAll<Isolation>{Isolation::runc, Isolation::gvisor};
template <>
inline constexpr std::array kAll<Verdict>{Verdict::ok,           Verdict::failed,        Verdict::signalled,
                                          Verdict::timeout,      Verdict::out_of_memory, Verdict::process_limit,
                                          Verdict::output_limit, Verdict::disk_limit,    Verdict::cancelled};
template <>
inline constexpr std::array kAll<Stage>{Stage::queue, Stage::image,     Stage::dependencies,
                                        Stage::build, Stage::container, Stage::program};
template <>
inline constexpr std::array kAll<CancelReason>{CancelReason::user, CancelReason::deadline, CancelReason::shutdown,
                                               CancelReason::client_gone};
template <>
inline constexpr std::array kAll<ErrorCode>{ErrorCode::invalid_request,
                                            ErrorCode::unsupported_language,
                                            ErrorCode::disabled,
                                            ErrorCode::not_found,
                                            ErrorCode::busy,
                                            ErrorCode::image_unavailable,
                                            ErrorCode::engine_error,
                                            ErrorCode::engine_unavailable,
                                            ErrorCode::cancelled,
                                            ErrorCode::internal};

template <typename Enum>
std::optional<Enum> parse_name(std::string_view text) {
  for (const Enum each : kAll<Enum>)
    if (to_string(each) == text) return each;
  return std::nullopt;
}

// For a message: "missing", "never" or "always", each in quotes.
template <typename Enum>
std::string names_text() {
  std::string text;
  for (std::size_t i = 0; i < kAll<Enum>.size(); ++i)
    text += (i == 0                       ? "\""
             : i + 1 == kAll<Enum>.size() ? " or \""
                                          : ", \"") +
            std::string(to_string(kAll<Enum>[i])) + '"';
  return text;
}

}  // namespace dind
