#include "frontends/lsp/messages.hpp"

#include <catch2/catch_test_macros.hpp>

#include "frontends/lsp/code_lenses.hpp"
#include "frontends/lsp/settings.hpp"

namespace lsp_messages_test {

using namespace dind;
using namespace dind::frontends::lsp;
using rpc::Json;

TEST_CASE("A client without capabilities gets only messages of LSP") {
  const auto params = *decode_initialize(Json::object());
  CHECK_FALSE(params.client.dind_notifications);
  CHECK_FALSE(params.client.client_commands);
  CHECK_FALSE(params.client.progress);
  CHECK_FALSE(params.client.refreshes_lenses);
  CHECK(params.encoding == PositionEncoding::utf16);
  CHECK(params.settings.is_null());
  CHECK(params.folders.empty());
  CHECK_FALSE(params.pid);
}

TEST_CASE("The params of initialize tell what the client supports") {
  const auto params = *decode_initialize({{"processId", 42},
                                          {"initializationOptions", {{"timeout", 3}}},
                                          {"capabilities",
                                           {{"experimental", {{"dind", {{"output", true}}}}},
                                            {"window", {{"workDoneProgress", true}}},
                                            {"workspace", {{"codeLens", {{"refreshSupport", true}}}}},
                                            {"general", {{"positionEncodings", {"utf-32", "utf-8"}}}}}}});
  CHECK(params.client.dind_notifications);
  CHECK(params.client.progress);
  CHECK(params.client.refreshes_lenses);
  CHECK(params.encoding == PositionEncoding::utf8);
  CHECK(params.settings == Json{{"timeout", 3}});
  CHECK(params.pid == 42);
}

TEST_CASE("A field of initialize that has another type counts as missing") {
  const auto params =
      *decode_initialize({{"processId", "42"},
                          {"workspaceFolders", "here"},
                          {"capabilities", {{"window", {{"workDoneProgress", "yes"}}}, {"general", 1}}}});
  CHECK_FALSE(params.client.progress);
  CHECK(params.folders.empty());
  CHECK_FALSE(params.pid);
}

TEST_CASE("The folders of the editor are its workspace folders, or else its root") {
  struct Case {
    Json params;
    std::vector<std::string> folders;
  };
  const Json two =
      Json::array({{{"uri", "file:///a%20b"}}, {{"uri", "file:///c"}}, {{"uri", "vscode-remote://x/d"}}, 5});
  const Case cases[] = {{{{"rootUri", "file:///root"}}, {"/root"}},
                        {{{"rootUri", "file:///root"}, {"workspaceFolders", Json::array()}}, {"/root"}},
                        {{{"rootUri", "file:///root"}, {"workspaceFolders", two}}, {"/a b", "/c"}},
                        {{{"rootUri", nullptr}}, {}}};
  for (const auto& each : cases) {
    CAPTURE(each.params.dump());
    CHECK(decode_initialize(each.params)->folders == each.folders);
  }
}

TEST_CASE("A client that has its own commands is offered no commands") {
  InitializeParams params;
  const std::vector<std::string> commands{"dind.runFile", "dind.stop"};
  const auto offered = [&] {
    return initialize_result(params, commands, "1.2.3")["capabilities"]["executeCommandProvider"]["commands"];
  };
  CHECK(offered() == Json(commands));
  params.client.client_commands = true;
  CHECK(offered() == Json::array());
  const Json result = initialize_result(params, commands, "1.2.3");
  CHECK(result["serverInfo"]["version"] == "1.2.3");
  CHECK(result["capabilities"]["positionEncoding"] == "utf-16");
}

TEST_CASE("A document change has the text of a range or the whole text") {
  const Json range{{"start", {{"line", 1}, {"character", 2}}}, {"end", {{"line", 3}, {"character", 4}}}};
  const auto changed = decode_did_change(
      {{"textDocument", {{"uri", "file:///a"}}},
       {"contentChanges", Json::array({{{"text", "x"}, {"range", range}}, {{"text", "whole"}}, {{"text", 7}}})}});
  REQUIRE(changed);
  CHECK(changed->uri == "file:///a");
  REQUIRE(changed->changes.size() == 2);  // the third has no text
  CHECK(changed->changes[0].from == Position{1, 2});
  CHECK(changed->changes[0].to == Position{3, 4});
  CHECK_FALSE(changed->changes[1].from);
  CHECK(changed->changes[1].text == "whole");
}

TEST_CASE("A notification about a document without a URI is ignored, and a request is refused") {
  CHECK_FALSE(decode_did_open({{"textDocument", {{"text", "x"}}}}));
  CHECK_FALSE(decode_did_change({{"contentChanges", Json::array({{{"text", "x"}}})}}));
  CHECK_FALSE(decode_did_close(Json::object()));
  const auto refused = decode_code_lens(Json::object());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "textDocument/codeLens takes { textDocument: { uri } }");
}

TEST_CASE("A command takes at most one argument") {
  const auto one = decode_execute_command({{"command", "dind.stop"}, {"arguments", Json::array({{{"uri", "a"}}})}});
  REQUIRE(one);
  CHECK(one->command == "dind.stop");
  CHECK(one->argument == Json{{"uri", "a"}});
  CHECK(decode_execute_command({{"command", "dind.stop"}})->argument.is_null());
  const auto two = decode_execute_command({{"command", "dind.stop"}, {"arguments", {1, 2}}});
  REQUIRE_FALSE(two);
  CHECK(two.error().message == "dind.stop takes one argument, not 2");
  CHECK_FALSE(decode_execute_command({{"command", 3}}));
  CHECK_FALSE(decode_execute_command(nullptr));
}

TEST_CASE("Changed folders that are not on this machine are ignored") {
  const auto changed = decode_changed_folders(
      {{"event",
        {{"added", Json::array({{{"uri", "file:///a"}}, {{"uri", "https://x/y"}}})}, {"removed", "no list"}}}});
  REQUIRE(changed);
  CHECK(changed->added == std::vector<std::string>{"/a"});
  CHECK(changed->removed.empty());
}

TEST_CASE("A document has the lens Stop only while it runs") {
  const auto titles = [](const Json& lenses) {
    std::vector<std::string> found;
    for (const auto& each : lenses) found.push_back(each["command"]["title"]);
    return found;
  };
  CHECK(titles(code_lenses("file:///a.py", false)) == std::vector<std::string>{"Run in sandbox"});
  CHECK(titles(code_lenses("file:///a.py", true)) == std::vector<std::string>{"Run in sandbox", "Stop"});
  CHECK(code_lenses("file:///a.py", false)[0]["command"]["arguments"][0]["uri"] == "file:///a.py");
}

TEST_CASE("One warning covers all wrong settings") {
  Settings settings;
  CHECK_FALSE(settings.read(nullptr));
  CHECK_FALSE(settings.warning());
  CHECK(settings.read({{"cpus", 2}, {"codeLens", false}}));
  CHECK_FALSE(settings.options().code_lens);
  CHECK_FALSE(settings.warning());
  CHECK(settings.read({{"cpus", "x"}}));
  CHECK(settings.warning() ==
        "The setting dind.cpus is \"x\"; it must be a number from 0.01 to 1000000. It is ignored");
  CHECK(settings.options().code_lens);  // new settings replace all old ones
  CHECK(settings.read({{"cpus", "x"}, {"pids", -1}}));
  CHECK(settings.warning()->starts_with("2 settings are ignored: dind."));
}

}  // namespace lsp_messages_test
