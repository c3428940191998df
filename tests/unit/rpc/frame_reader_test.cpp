#include "rpc/frame_reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "rpc/message.hpp"

namespace frame_reader_test {

using namespace dind;
using rpc::FrameReader;

namespace {

std::vector<std::string> bodies(const std::vector<std::string>& parts) {
  FrameReader reader;
  std::vector<std::string> all;
  for (const auto& part : parts) {
    std::string_view input = part;
    while (!input.empty()) {
      const auto body = reader.next(input);
      REQUIRE(body);
      if (*body) all.push_back(**body);
    }
  }
  return all;
}

bool broken(const std::string& bytes) {
  FrameReader reader;
  std::string_view input = bytes;
  while (!input.empty()) {
    const auto body = reader.next(input);
    if (!body) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("Frames are read completely wherever the bytes are split") {
  const std::string data =
      rpc::framed("{\"a\":1}") + "Content-Type: x\r\ncontent-LENGTH:  3 \r\n\r\nabc" + rpc::framed("é\r\n\r\n");
  const std::vector<std::string> expected{"{\"a\":1}", "abc", "é\r\n\r\n"};
  CHECK(bodies({data}) == expected);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    INFO(cut);
    CHECK(bodies({data.substr(0, cut), data.substr(cut)}) == expected);
  }
  std::vector<std::string> bytes;
  for (const char byte : data) bytes.emplace_back(1, byte);
  CHECK(bodies(bytes) == expected);
}

TEST_CASE("An empty body is a message when more bytes follow it") {
  CHECK(bodies({rpc::framed("") + rpc::framed("x")}) == std::vector<std::string>{"", "x"});
}

TEST_CASE("A header without one valid Content-Length is an error") {
  for (const char* head :
       {"\r\n\r\n", "X: 1\r\n\r\n", "Content-Length: -1\r\n\r\n", "Content-Length: +1\r\n\r\n",
        "Content-Length: 1 2\r\n\r\n", "Content-Length: 99999999999999999999999\r\n\r\n",
        "Content-Length: 67108865\r\n\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "no colon\r\n\r\n"}) {
    INFO(head);
    CHECK(broken(head));
  }
  CHECK_FALSE(broken("Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"));
  CHECK_FALSE(broken("Content-Length: 67108864\r\n\r\n"));
}

TEST_CASE("A header of the max length is read wherever it is split") {
  const std::string end = "\r\nContent-Length: 1";
  const std::string head = "X: " + std::string(FrameReader::kMaxHeader - 3 - end.size(), 'a') + end + "\r\n\r\n";
  REQUIRE(head.size() == FrameReader::kMaxHeader + 4);
  for (std::size_t cut = head.size() - 6; cut <= head.size(); ++cut) {
    INFO("cut at " << cut);
    CHECK(bodies({head.substr(0, cut), head.substr(cut) + "x"}) == std::vector<std::string>{"x"});
  }
}

TEST_CASE("A header without an end is refused at the max length") {
  const std::string most = "X: " + std::string(FrameReader::kMaxHeader - 100, 'a') + "\r\nContent-Length: 1\r\n\r\nx";
  CHECK_FALSE(broken(most));
  CHECK(broken(std::string(FrameReader::kMaxHeader + 5, 'a')));
  std::vector<std::string> bytes;
  FrameReader reader;
  bool ended = false;
  for (std::size_t i = 0; i < 2 * FrameReader::kMaxHeader && !ended; ++i) {
    std::string_view one = "a";
    ended = !reader.next(one);
  }
  CHECK(ended);
}

TEST_CASE("Bytes that can't become a frame are refused at the first wrong byte") {  // I12
  struct Case {
    std::string bytes;
    std::size_t refused_at;  // the number of bytes that are read, including the wrong one
    const char* part;
  };
  const Case cases[] = {
      {"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"server/info\"}\n", 1, "\"{\" where a frame begins"},
      {"[]", 1, "where a frame begins"},
      {" Content-Length: 1", 1, "where a frame begins"},
      {"\x1b[A", 1, "\\x1b"},
      {std::string("\0\0", 2), 1, "where a frame begins"},
      {"Content-Length: 52\n\n{}", 19, "LF alone"},
      {"Content-Length: 52\nX: 1\r\n\r\n{}", 19, "LF alone"},
      {"X: 1\r\nContent-Length: 52\n\n{}", 25, "LF alone"},
  };
  for (const auto& each : cases) {
    INFO(each.bytes);
    FrameReader whole;
    std::string_view input = each.bytes;
    const auto refused = whole.next(input);
    REQUIRE(!refused);
    CHECK(refused.error().message.contains(each.part));
    CHECK(refused.error().message.contains("Content-Length: N"));
    CHECK_FALSE(refused.error().message.contains('\n'));
    FrameReader slow;
    std::size_t count = 0;
    for (const char byte : each.bytes) {
      std::string_view one(&byte, 1);
      ++count;
      if (!slow.next(one)) break;
    }
    CHECK(count == each.refused_at);
  }
  CHECK(bodies({"Content-Length: 4\r\n\r\n\n\n{}" + rpc::framed("x")}) == std::vector<std::string>{"\n\n{}", "x"});
  CHECK(bodies({rpc::framed("x") + "\n", "\n" + rpc::framed("y") + "\n"}) == std::vector<std::string>{"x", "y"});
}

TEST_CASE("The end of the input is an error within a frame, but not between two frames") {  // I12
  const auto at_end = [](std::string_view input) {
    FrameReader reader;
    while (!input.empty()) REQUIRE(reader.next(input));
    return reader.at_end();
  };
  CHECK(at_end(""));
  CHECK(at_end(rpc::framed("x")));
  CHECK(at_end(rpc::framed("x") + "\n"));
  CHECK(at_end("C").error().message.contains("within a header"));
  CHECK(at_end("Content-Length: 3\r\n\r").error().message.contains("within a header"));
  CHECK(at_end("Content-Length: 500\r\n\r\nabc").error().message.contains("only 3 of the 500 bytes"));
  CHECK(at_end("Content-Length: 1\r\n\r\n").error().message.contains("only 0 of the 1 bytes"));
}

TEST_CASE("Without memory for a body, the body is skipped, its id is known, and the next message is read") {  // S11
  MemoryBudget budget(100'000);
  const auto small = ArrivingBody::kSmall;
  const auto message = [&](std::size_t more) {
    std::string body = R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"id":8,"x":")";
    body.resize(small + more - 3, 'x');
    return body + "\"}}";
  };
  FrameReader holder(budget), reader(budget);
  const std::string held = rpc::framed(message(60'000));
  std::string_view beginning = std::string_view(held).substr(0, held.size() - 1);
  REQUIRE(holder.next(beginning));
  CHECK(budget.used() == 59'999);
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1000}, std::size_t{1}}) {
    INFO(piece);
    const std::string data = rpc::framed(message(50'000)) + rpc::framed(message(0)) + rpc::framed(message(40'000));
    std::vector<std::string> heard;
    std::vector<bool> cut;
    for (std::size_t at = 0; at < data.size(); at += piece) {
      std::string_view input = std::string_view(data).substr(at, piece);
      while (!input.empty()) {
        const auto body = reader.next(input);
        REQUIRE(body);
        if (!*body) continue;
        heard.push_back(**body);
        cut.push_back(reader.was_cut());
      }
    }
    REQUIRE(cut == std::vector<bool>{true, false, false});
    CHECK(heard[0] == message(50'000).substr(0, small));
    CHECK(rpc::id_in(heard[0]) == 7);
    CHECK(heard[1] == message(0));
    CHECK(heard[2] == message(40'000));
    CHECK(reader.at_end());
    CHECK(budget.used() == 59'999);
  }
  std::string_view rest = std::string_view(held).substr(held.size() - 1);
  const auto whole = holder.next(rest);
  REQUIRE((whole && *whole));
  CHECK(**whole == message(60'000));
  CHECK(budget.used() == 0);
}

TEST_CASE("The id of a message is found in its first bytes if they contain it") {  // S11
  CHECK(rpc::id_in(R"({"jsonrpc":"2.0","id":"a","params":{"id":2,"x":")") == "a");
  CHECK(rpc::id_in(R"({"jsonrpc":"2.0","params":{"id":2,"x":")").is_null());
  CHECK(rpc::id_in(R"({"id":1,"id":2,"x":")").is_null());
  CHECK(rpc::id_in("").is_null());
}

}  // namespace frame_reader_test
