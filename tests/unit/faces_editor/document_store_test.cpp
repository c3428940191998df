#include "faces/editor/document_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include "faces/editor/uri.hpp"

using namespace dind::faces::editor;

TEST_CASE("Positions count in the units that were agreed") {
  const std::string text = "a\u00e9\U0001F600b\r\nsecond\rthird\n";
  const auto utf16 = [&](Position position) { return offset_of(text, position, PositionEncoding::utf16); };
  const auto utf8 = [&](Position position) { return offset_of(text, position, PositionEncoding::utf8); };
  CHECK(utf16({0, 0}) == 0);
  CHECK(utf16({0, 2}) == 3);
  CHECK(utf16({0, 3}) == 3);  // within the pair: its start
  CHECK(utf16({0, 4}) == 7);
  CHECK(utf16({0, 99}) == 8);  // the line's end, before \r\n
  CHECK(utf16({1, 0}) == 10);
  CHECK(utf16({2, 1}) == text.find("hird"));
  CHECK(utf16({3, 0}) == text.size());
  CHECK(utf16({99, 99}) == text.size());
  CHECK(utf16({-1, -1}) == 0);
  CHECK(utf8({0, 3}) == 3);
  CHECK(utf8({0, 7}) == 7);
  CHECK(utf8({0, 5}) == 3);
}

TEST_CASE("Changes are applied in order, and only to what is open") {
  DocumentStore store;
  store.change("u", std::nullopt, std::nullopt, "never");
  CHECK(store.find("u") == nullptr);
  store.open("u", {"python", "one\ntwo\n"});
  store.change("u", Position{1, 0}, Position{1, 3}, "2");
  CHECK(store.find("u")->text == "one\n2\n");
  store.change("u", Position{0, 3}, Position{1, 0}, "");
  CHECK(store.find("u")->text == "one2\n");
  store.change("u", Position{5, 5}, Position{0, 0}, "!");  // the wrong way round
  CHECK(store.find("u")->text == "one2\n!");
  store.change("u", std::nullopt, std::nullopt, "all");
  CHECK(store.find("u")->text == "all");
  store.close("u");
  CHECK(store.find("u") == nullptr);
}

TEST_CASE("URIs name files") {
  CHECK(file_path("file:///a/b%20c/%E6%97%A5.py") == "/a/b c/日.py");
  CHECK(file_path("file://localhost/a?x#y") == "/a");
  CHECK_FALSE(file_path("file://other/a"));
  CHECK_FALSE(file_path("untitled:Untitled-1"));
  CHECK_FALSE(file_path("file:///a%"));
  CHECK_FALSE(file_path("file:///a%2"));
  CHECK_FALSE(file_path("file:///a%zz"));
  CHECK_FALSE(file_path("file:///a%00b"));
  CHECK_FALSE(file_path("file://"));
  CHECK(base_name("file:///a/hello%20you.py") == "hello you.py");
  CHECK(base_name("untitled:Untitled-1") == "Untitled-1");
  CHECK(base_name("") == "");
  CHECK(base_name("file:///tmp/a:b.py") == "a:b.py");
  CHECK(document_key("file:///a%20b") == document_key("file:///a b"));
  CHECK(document_key("file:///a%2Fb") == document_key("file:///a/b"));
  CHECK(document_key("untitled:a") == "untitled:a");
}
