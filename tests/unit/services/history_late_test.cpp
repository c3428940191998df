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

HistoryEnd an_end() {
  HistoryEnd end{.ended = 1'700'000'000'123};
  end.result.emplace();
  end.result->verdict = Verdict::ok;
  end.out.head = "hello\n";
  return end;
}

std::size_t files_with(const Folder& folder, std::string_view part) {
  std::size_t count = 0;
  for (const auto& each : fs::directory_iterator(fs::path(folder.file()).parent_path()))
    count += each.path().filename().string().contains(part) ? 1 : 0;
  return count;
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

TEST_CASE("however many files lie beside a history that is held, it is open soon") {
  const Folder folder;
  REQUIRE(HistoryStore::open(folder.file()));
  for (int i = 0; i < 6; ++i) {
    const auto run = record_of();
    REQUIRE(HistoryStore::write_aside(folder.file(), {[&](HistoryStore& file) { return file.insert(run); },
                                                      [&](HistoryStore& file) { return file.end(run.id, an_end()); }}));
  }
  {
    const Holder holder(folder);
    const auto begun = std::chrono::steady_clock::now();
    const auto store = HistoryStore::open(folder.file(), 2s);
    CHECK(std::chrono::steady_clock::now() - begun < 1900ms);
    REQUIRE(store);
    CHECK(files_with(folder, ".late-") == 6);
  }
  std::ofstream(folder.file() + ".late-00none") << std::string(5000, 'x');  // keeps none of the others out
  const auto store = HistoryStore::open(folder.file());
  CHECK(files_with(folder, ".late-") == 1);
  CHECK((*store)->list(10)->size() == 6);
}

TEST_CASE("a run that was taken in and is written once more is there once, with its size") {
  const Folder folder;
  const auto run = record_of();
  const std::vector<HistoryStore::Work> works{[&](HistoryStore& file) { return file.insert(run); },
                                              [&](HistoryStore& file) { return file.end(run.id, an_end()); }};
  REQUIRE(HistoryStore::open(folder.file()));
  REQUIRE(HistoryStore::write_aside(folder.file(), works));
  const auto store = HistoryStore::open(folder.file());
  REQUIRE((*store)->list(10)->size() == 1);
  const auto size = (*store)->find(run.id)->bytes;
  const auto again = (*store)->together(works);
  CHECK(again.written);
  if (again.error) FAIL(again.error->message);
  CHECK((*store)->list(10)->size() == 1);
  CHECK((*store)->find(run.id)->bytes == size);
  CHECK((*store)->find(run.id)->state == HistoryState::finished);
}

}  // namespace history_late_test
