#include "app/settings.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <set>

namespace settings_test {

using namespace dind;
using namespace dind::app;
using namespace dind::app::settings;

namespace {

// Calls `check(key, setting)` for each setting that has a value.
template <typename Check>
void for_each_value(const Settings& settings, const std::string& prefix, Check check) {
  for (const auto& each : settings) {
    if (each.fields.empty())
      check(prefix + each.key, each);
    else
      for_each_value(each.fields, prefix + each.key + '.', check);
  }
}

}  // namespace

TEST_CASE("Each setting has a unique key, and describes its values, its default and its meaning") {
  Configuration configuration;
  std::set<std::string> keys;
  for_each_value(define_settings(configuration), "", [&](const std::string& key, const Setting& setting) {
    INFO(key);
    CHECK(keys.insert(key).second);
    for (const auto* text : {&setting.value.values, &setting.value.initial, &setting.meaning}) {
      CHECK_FALSE(text->empty());
      CHECK_FALSE(text->contains('|'));
      CHECK_FALSE(text->contains('\n'));
    }
  });
  CHECK(keys.size() > 60);
}

TEST_CASE("The table of settings has one line for each setting, with its default") {
  const auto table = settings_table();
  for (const char* line : {"| `limits.defaults.timeout` | seconds, or `\"90s\"` | 1 min | ",
                           "| `limits.max.memory` | bytes, or `\"512m\"` | 8 GiB | ",
                           "| `pull` | `missing`, `never`, `always` | `missing` | ",
                           "| `history.maxAge` | seconds, or `\"30d\"` | 30 days | ",
                           "| `warmPool.max` | whole number from 0 to 1000 | 4 | ",
                           "| `allowedImages` | list, such as `[\"python:*\"]` | any image | "}) {
    INFO(line << "in\n" << table);
    CHECK(table.contains(line));
  }
}

TEST_CASE("The page docs/configuration.md has the generated table of settings; if this fails, run scripts/generate") {
  std::ifstream page(DIND_REPOSITORY "/docs/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  CHECK(text.contains(settings_table()));
}

}  // namespace settings_test
