// A history that another process locks, and the .late files that take its runs until the lock is released.
#include <sqlite3.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "services/history/history_fixtures.hpp"
#include "services/history/history_store.hpp"
#include "services/history/history_worker.hpp"
#include "support/ids.hpp"
#include "support/run_task.hpp"

namespace history_late_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Locks the history, as another process that writes to it does.
class Holder {
 public:
  explicit Holder(const HistoryFolder& folder) {
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

std::size_t files_with(const HistoryFolder& folder, std::string_view part) {
  std::size_t count = 0;
  for (const auto& each : fs::directory_iterator(fs::path(folder.file()).parent_path()))
    count += each.path().filename().string().contains(part) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("A history with the run of a dead process opens while another process writes to it") {
  const HistoryFolder folder;
  const auto gone = orphan();
  REQUIRE((*HistoryStore::open(folder.file()))->insert(gone));
  {
    const Holder holder(folder);
    const auto store = HistoryStore::open(folder.file(), 10ms);
    if (!store) FAIL(store.error().message);
    CHECK((*store)->list(10)->size() == 1);
    CHECK((*store)->together({[](HistoryStore& file) { return file.insert(record_of()); }}).busy);  // retried later
  }
  CHECK((*HistoryStore::open(folder.file()))->find(gone.id)->state == HistoryState::interrupted);
}

TEST_CASE("A locked history opens quickly, however many .late files it has") {
  const HistoryFolder folder;
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
  std::ofstream(folder.file() + ".late-00none") << std::string(5000, 'x');  // does not block the other files
  const auto store = HistoryStore::open(folder.file());
  CHECK(files_with(folder, ".late-") == 1);
  CHECK((*store)->list(10)->size() == 6);
}

TEST_CASE("A run from a .late file that is written again is stored once and keeps its size") {
  const HistoryFolder folder;
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

TEST_CASE("A half-written file is removed after a day") {
  const HistoryFolder folder;
  REQUIRE(HistoryStore::open(folder.file()));
  const auto lay = [&](const std::string& suffix, fs::file_time_type::duration age) {
    const std::string path = folder.file() + suffix;
    std::ofstream(path) << "x";
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
  };
  lay(".part-0123abcd", 25h);
  lay(".part-0123abcd-wal", 25h);
  lay(".part-4567abcd", 23h);  // may be in progress
  lay(".part-of-mine", 25h);   // another program's
  lay(".part-0123abcd.txt", 25h);
  fs::create_directory(folder.file() + ".part-89abcdef");
  fs::last_write_time(folder.file() + ".part-89abcdef", fs::file_time_type::clock::now() - 25h);
  REQUIRE(HistoryStore::open(folder.file()));
  CHECK_FALSE(fs::exists(folder.file() + ".part-0123abcd"));
  CHECK_FALSE(fs::exists(folder.file() + ".part-0123abcd-wal"));
  CHECK(files_with(folder, ".part-") == 4);
}

TEST_CASE("An exception while a .late file is written is an error and leaves no file") {
  const HistoryFolder folder;
  REQUIRE(HistoryStore::open(folder.file()));
  const auto file = HistoryStore::write_aside(
      folder.file(), {[](HistoryStore&) -> Result<void> { throw std::runtime_error("out of everything"); }});
  REQUIRE_FALSE(file);
  CHECK(file.error().message.contains("out of everything"));
  CHECK(files_with(folder, ".part-") + files_with(folder, ".late-") == 0);
}

TEST_CASE("A run that ends while a .late file is written goes into the next one") {
  const HistoryFolder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file(), .patience = 20ms});
  std::vector<std::string> ids;
  const auto begin = [&] {
    auto record = record_of();
    ids.push_back(record.id);
    worker.began(std::move(record));
  };
  const auto is_put = [&] { return files_with(folder, ".part-") + files_with(folder, ".late-") > 0; };
  REQUIRE(HistoryStore::open(folder.file()));
  std::optional<Holder> holder(std::in_place, folder);
  begin();
  begin();
  worker.ended(ids[0], an_end());
  const auto leave = [&]() -> Task<bool> { co_return co_await worker.written(in(50ms)); };
  asio::co_spawn(
      context,
      [&]() -> Task<void> {
        for (const auto until = in(10s); !is_put() && Clock::now() < until;) co_await sleep_until(in(100us));
        worker.ended(ids[1], an_end());
      },
      asio::detached);
  CHECK_FALSE(run_task(context, leave()));
  CHECK_FALSE(run_task(context, leave()));
  std::set<std::string> found;
  std::vector<std::string> files;  // listed first, because opening them creates more files
  for (const auto& each : fs::directory_iterator(fs::path(folder.file()).parent_path()))
    if (each.path().filename().string().contains(".late-")) files.push_back(each.path().string());
  for (const auto& each : files) {
    const auto late = HistoryStore::open(each);
    REQUIRE(late);
    for (const auto& run : *(*late)->list(10)) found.insert(run.id);
  }
  CHECK(found == std::set<std::string>(ids.begin(), ids.end()));
  holder.reset();
  CHECK(run_task(context, worker.written(in(30s))));
}

}  // namespace history_late_test
