#include "frontends/lsp/document_store.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <vector>

#include "frontends/lsp/uri.hpp"

namespace document_store_test {

using namespace dind::frontends::lsp;

TEST_CASE("Positions count the code units of the negotiated encoding") {
  const std::string text = "a\u00e9\U0001F600b\r\nsecond\rthird\n";
  const auto utf16 = [&](Position position) { return offset_of(text, position, PositionEncoding::utf16); };
  const auto utf8 = [&](Position position) { return offset_of(text, position, PositionEncoding::utf8); };
  CHECK(utf16({0, 0}) == 0);
  CHECK(utf16({0, 2}) == 3);
  CHECK(utf16({0, 3}) == 3);  // within the surrogate pair: its start
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

TEST_CASE("Changes are applied in order, and only to an open document") {
  DocumentStore store;
  store.change("u", std::nullopt, std::nullopt, "never");
  CHECK(store.find("u") == nullptr);
  store.open("u", {"python", "one\ntwo\n"});
  store.change("u", Position{1, 0}, Position{1, 3}, "2");
  CHECK(store.find("u")->text == "one\n2\n");
  store.change("u", Position{0, 3}, Position{1, 0}, "");
  CHECK(store.find("u")->text == "one2\n");
  store.change("u", Position{5, 5}, Position{0, 0}, "!");  // the end is before the start
  CHECK(store.find("u")->text == "one2\n!");
  store.change("u", std::nullopt, std::nullopt, "all");
  CHECK(store.find("u")->text == "all");
  store.close("u");
  CHECK(store.find("u") == nullptr);
}

TEST_CASE("URIs are converted to file paths, base names and document keys") {
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
  CHECK(base_name("untitled:a%2Fb.py") == "b.py");  // I29
  CHECK(base_name("untitled:/a%2Fb%20c.py") == "b c.py");
  CHECK(base_name("file:///x/a%2Fb.py") == "b.py");
  CHECK(base_name("untitled:a%2F") == "");
  CHECK(base_name("file:///tmp/a:b.py") == "a:b.py");
  CHECK(document_key("file:///a%20b") == document_key("file:///a b"));
  CHECK(document_key("file:///a%2Fb") == document_key("file:///a/b"));
  CHECK(document_key("untitled:a") == "untitled:a");
}

TEST_CASE("After random changes, positions are found as in a text that is indexed again") {  // R11
  std::uint32_t state = 1;
  const auto random = [&](std::uint32_t below) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state % below;
  };
  const std::string pieces[] = {"",        "a",        "\n",     "\r",           "\r\n",       "\n\r",
                                "x\ny\nz", "\r\r\n\n", "\u00e9", "\U0001F600\n", "long enough"};
  for (const auto encoding : {PositionEncoding::utf8, PositionEncoding::utf16}) {
    DocumentStore store;
    store.set_encoding(encoding);
    std::string model = "one\r\ntwo\nthree\rfour";
    store.open("u", {"python", model});
    for (int i = 0; i < 3000; ++i) {
      const Position from{random(8), random(6)}, to{random(8), random(6)};
      const auto& piece = pieces[random(std::size(pieces))];
      store.change("u", from, to, piece);
      const auto begin = offset_of(model, from, encoding);
      model.replace(begin, std::max(begin, offset_of(model, to, encoding)) - begin, piece);
      REQUIRE(store.find("u")->text == model);
      if (model.size() > 60) store.change("u", std::nullopt, std::nullopt, model = model.substr(0, 20));
    }
  }
}

TEST_CASE("Every position in a long line of characters of different sizes is found correctly") {  // R11
  // Characters of one to four bytes, so that blocks of bytes begin at different places within a character.
  const std::string pieces[] = {"a", "\u00e9", "\u65e5", "\U0001F600"};
  std::string text = "first\r\n";
  std::vector<std::size_t> utf16;  // the offset of each code unit; both units of a pair have the offset of its start
  for (std::size_t i = 0; i < 3000; ++i) {
    const auto& piece = pieces[(i * 7 + i / 5) % std::size(pieces)];
    utf16.insert(utf16.end(), piece.size() == 4 ? 2 : 1, text.size());
    text += piece;
  }
  const auto end = text.size();
  text += "\r\nlast";
  const LineIndex lines(text);
  for (std::size_t unit = 0; unit < utf16.size(); ++unit)
    REQUIRE(offset_of(text, lines, {1, static_cast<std::int64_t>(unit)}, PositionEncoding::utf16) == utf16[unit]);
  for (const auto past : {utf16.size(), utf16.size() + 1, std::size_t{1} << 40})
    CHECK(offset_of(text, lines, {1, static_cast<std::int64_t>(past)}, PositionEncoding::utf16) == end);
  const auto begin = lines.start(1);
  for (std::size_t byte = begin; byte < end; ++byte) {
    auto start = byte;
    while ((text[start] & 0xc0) == 0x80) --start;
    REQUIRE(offset_of(text, lines, {1, static_cast<std::int64_t>(byte - begin)}, PositionEncoding::utf8) == start);
  }
  CHECK(offset_of(text, lines, {1, INT64_MAX}, PositionEncoding::utf8) == end);
}

TEST_CASE("A change near the end of a long document is as fast as in a short document") {  // R11
  const auto seconds_of = [](int lines, Position at, const std::string& text) {
    std::string all;
    for (int i = 0; i < lines; ++i) all += text;
    DocumentStore store;
    store.open("u", {"python", all});
    double least = 1e9;
    for (int round = 0; round < 3; ++round) {
      const auto before = std::chrono::steady_clock::now();
      for (int i = 0; i < 200; ++i) store.change("u", at, at, i % 2 == 0 ? "y" : "z\n");
      least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
    }
    return least;
  };
  const auto few = seconds_of(200, {199, 0}, "x=1\n");
  // A scan from the beginning takes 2,000 times as long.
  CHECK(seconds_of(400'000, {399'999, 0}, "x=1\n") < 20 * few + 0.02);
  CHECK(seconds_of(400'000, {399'999, 0}, "\u00e9=1\r\n") < 20 * few + 0.02);
  const std::string line(2'000'000, 'x');
  CHECK(seconds_of(1, {0, 0}, line) < 2);
  CHECK(seconds_of(1, {0, 1'990'000}, "\u00e9" + line) < 2);
}

}  // namespace document_store_test
