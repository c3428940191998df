// A history that another process holds, and what is put beside it until that lets go.
#include <sqlite3.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "services/history_fixtures.hpp"
#include "services/history_store.hpp"
#include "support/ids.hpp"

namespace history_late_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Another process that writes to the history.
class Holder {
 public:
  explicit Holder(const Folder& folder) {
    REQUIRE(sqlite3_open(folder.file().c_str(), &other_) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { sqlite3_close(other_); }

 private:
  sqlite3* other_ = nullptr;
};

HistoryRecord orphan() {
  auto record = record_of();
  const std::string& self = process_owner();
  const auto pid = self.rfind('.', self.rfind('.') - 1);
  record.owner = self.substr(0, pid) + ".1.1";
  return record;
}

}  // namespace

TEST_CASE("a history with a run to close can be opened while another process writes to it") {
  const Folder folder;
  const auto gone = orphan();
  REQUIRE((*HistoryStore::open(folder.file()))->insert(gone));
  {
    const Holder holder(folder);
    const auto store = HistoryStore::open(folder.file(), 10ms);
    if (!store) FAIL(store.error().message);
    CHECK((*store)->list(10)->size() == 1);
    CHECK((*store)->together({[](HistoryStore& file) { return file.insert(record_of()); }}).busy);  // later, not never
  }
  CHECK((*HistoryStore::open(folder.file()))->find(gone.id)->state == HistoryState::interrupted);
}

}  // namespace history_late_test
