// Precompiled: what most modules with I/O include anyway.
#pragma once
#include <boost/asio.hpp>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
