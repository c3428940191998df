#include "languages/recipe.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

namespace recipe_test {

using namespace dind;
using namespace dind::languages;

namespace {
constexpr std::string_view kGood = R"({"id": "x", "name": "X", "extensions": [".x"], "images": ["x:1"],
  "command": ["x", "{file}"], "default_file": "main.x", "env": {"A": "1"}})";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kGood);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}
}  // namespace

TEST_CASE("The embedded recipes are valid and ordered by id") {
  const auto all = recipes();
  REQUIRE(all.size() >= 3);
  CHECK(std::ranges::is_sorted(all, {}, &Recipe::id));
  for (const auto& recipe : all) {
    INFO(recipe.id);
    CHECK(find_recipe(recipe.id) == &recipe);
    for (const auto& alias : recipe.aliases) CHECK(find_recipe(alias) == &recipe);
    CHECK(detect({}, recipe.default_file, "").value() == &recipe);
  }
}

TEST_CASE("Python's environment makes it write unbuffered and leave no byte code") {
  const auto* python = find_recipe("Python");
  REQUIRE(python != nullptr);
  CHECK(python->command == std::vector<std::string>{"python3", "{file}"});
  CHECK(std::ranges::find(python->env, std::pair<std::string, std::string>("PYTHONUNBUFFERED", "1")) !=
        python->env.end());
}

TEST_CASE("All fields of a recipe are read") {
  const auto recipe = parse_recipe(kGood);
  REQUIRE(recipe);
  CHECK(recipe->id == "x");
  CHECK(recipe->env.size() == 1);
}

TEST_CASE("A wrong recipe is refused with the name of the field") {
  struct Case {
    std::string text;
    std::string_view named;
  };
  const Case cases[] = {{with("\"id\": \"x\"", "\"id\": 3"), "id"},
                        {with("\"id\": \"x\", ", ""), "id"},
                        {with("[\".x\"]", "[\"x\"]"), "extensions"},
                        {with("[\".x\"]", "[\".X\"]"), "extensions"},
                        {with("[\".x\"]", "[]"), "extensions"},
                        {with("[\"x:1\"]", "\"x:1\""), "images"},
                        {with("\"{file}\"", "\"file\""), "command"},
                        {with("\"main.x\"", "\"a/main.x\""), "default_file"},
                        {with("{\"A\": \"1\"}", "{\"A=B\": \"1\"}"), "env"},
                        {with("{\"A\": \"1\"}", "{\"A\": 1}"), "env"},
                        {with("\"env\"", "\"enviroment\""), "enviroment"}};
  for (const auto& c : cases) {
    INFO(c.text);
    const auto recipe = parse_recipe(c.text);
    REQUIRE_FALSE(recipe);
    CHECK(recipe.error().message.find(c.named) != std::string::npos);
  }
  CHECK_FALSE(parse_recipe("["));
  CHECK_FALSE(parse_recipe("[]"));
}

}  // namespace recipe_test
