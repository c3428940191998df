#include "rpc/frame_reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

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

TEST_CASE("Frames come out whole, wherever the bytes are split") {
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

TEST_CASE("An empty body is a body once something follows it") {
  CHECK(bodies({rpc::framed("") + rpc::framed("x")}) == std::vector<std::string>{"", "x"});
}

TEST_CASE("A header that can't be joined again is an error") {
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

TEST_CASE("The longest header is read whatever way it is split") {
  const std::string end = "\r\nContent-Length: 1";
  const std::string head = "X: " + std::string(FrameReader::kMaxHeader - 3 - end.size(), 'a') + end + "\r\n\r\n";
  REQUIRE(head.size() == FrameReader::kMaxHeader + 4);
  for (std::size_t cut = head.size() - 6; cut <= head.size(); ++cut) {
    INFO("cut at " << cut);
    CHECK(bodies({head.substr(0, cut), head.substr(cut) + "x"}) == std::vector<std::string>{"x"});
  }
}

TEST_CASE("A header ends somewhere") {
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
