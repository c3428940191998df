#include "support/ids.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ids_test {

using namespace dind;

TEST_CASE("A random id has two hexadecimal digits for each byte, and differs from the others") {
  CHECK(random_id(8).size() == 16);
  CHECK(random_id(3).find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(random_id(16) != random_id(16));
}

TEST_CASE("The SHA-256 of a text is the digest that FIPS 180 defines") {
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("This process is alive, one with another start time is gone, and one elsewhere is unknown") {
  const auto& own = process_owner();
  CHECK(owner_is_alive(own));
  CHECK_FALSE(owner_is_gone(own));
  const auto other = own.substr(0, own.rfind('.')) + ".1";
  CHECK(owner_is_gone(other));
  CHECK_FALSE(owner_is_alive(other));
  for (const auto* unknown : {"", "elsewhere.1.2.3", "x"}) {
    CHECK_FALSE(owner_is_gone(unknown));
    CHECK_FALSE(owner_is_alive(unknown));
  }
}

}  // namespace ids_test
