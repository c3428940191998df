#include "services/history/history_store.hpp"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "services/history/history_fixtures.hpp"
#include "support/ids.hpp"

namespace history_store_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<HistoryStore> open(const HistoryFolder& folder) {
  auto store = HistoryStore::open(folder.file());
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

HistoryEnd ended(std::string out = "hello\n") {
  HistoryEnd end{.ended = 1'700'000'000'123};
  end.result.emplace();
  end.result->verdict = Verdict::ok;
  end.result->exit_code = 0;
  end.out.head = std::move(out);
  return end;
}

std::string gone_owner() {
  const std::string& self = process_owner();
  const auto start = self.rfind('.');
  const auto pid = self.rfind('.', start - 1);
  return self.substr(0, pid) + ".1.1";
}

std::vector<std::string> ids(HistoryStore& store) {
  std::vector<std::string> all;
  const auto records = store.list(10'000);
  REQUIRE(records);
  for (const auto& record : *records) all.push_back(record.id);
  return all;
}

}  // namespace

TEST_CASE("A stored run is read back unchanged") {
  const HistoryFolder folder;
  RunSpec spec = python("print('\xff')\0x");
  std::get<SourceProgram>(spec.program).language = "python";
  spec.image = "python:3.13";
  spec.args = {"", "a b", "\xff\xfe"};
  spec.env = {{"A", "1"}, {"B", "é\n"}};
  spec.limits = {.timeout = 1500ms, .memory_bytes = 64 << 20, .cpus = 0.5, .pids = 7};
  spec.network = Network::internet;
  spec.pull = PullPolicy::never;
  spec.run_id = "editor-1";
  auto record = record_of(spec);
  const auto store = open(folder);
  REQUIRE(store->insert(record));
  REQUIRE(store->start(record.id, {.name = "a.py", .language = "python", .image = "i", .limits = {.pids = 9}}));
  auto end = ended();
  end.result->cpu = 1234us;
  end.result->peak_memory_bytes = 99;
  end.result->signal = 9;
  end.result->cancel_reason = CancelReason::client_gone;
  end.result->image_digest = "sha256:1";
  end.result->notes = {"a", "b"};
  end.out = {"head", "tail", 17};
  end.err = {std::string("\0\xff", 2), "", 0};
  REQUIRE(store->end(record.id, end));

  for (const auto& id : {record.id, record.id.substr(0, 8), std::string("editor-1")}) {
    const auto found = open(folder)->find(id);
    REQUIRE(found);
    CHECK(found->id == record.id);
    CHECK(found->state == HistoryState::finished);
    CHECK(std::get<SourceProgram>(found->spec.program).text == std::get<SourceProgram>(spec.program).text);
    CHECK(std::get<SourceProgram>(found->spec.program).language == "python");
    CHECK(found->spec.image == spec.image);
    CHECK(found->spec.args == spec.args);
    CHECK(found->spec.env == spec.env);
    CHECK(found->spec.limits.timeout == 1500ms);
    CHECK(found->spec.limits.cpus == 0.5);
    CHECK(found->spec.network == Network::internet);
    CHECK(found->spec.pull == PullPolicy::never);
    CHECK(found->started->limits.pids == 9);
    CHECK(found->end->result->cpu == 1234us);
    CHECK(found->end->result->signal == 9);
    CHECK(found->end->result->cancel_reason == CancelReason::client_gone);
    CHECK(found->end->result->image_digest == "sha256:1");
    CHECK(found->end->result->notes == std::vector<std::string>{"a", "b"});
    CHECK(found->end->out == end.out);
    CHECK(found->end->err == end.err);
  }
  const auto again = spec_again(*store->find(record.id), {}, {});
  REQUIRE(again);
  CHECK_FALSE(again->run_id);
  CHECK(again->args == spec.args);
}

TEST_CASE("Only the owner can access the history's files and folder") {
  const HistoryFolder folder;
  const auto store = open(folder);
  REQUIRE(store->insert(record_of()));
  struct stat status{};
  for (const char* suffix : {"", "-wal", "-shm"}) {
    REQUIRE(::stat((folder.file() + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  REQUIRE(::stat(fs::path(folder.file()).parent_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("An unknown id is not found, and an ambiguous beginning of ids is invalid") {
  const HistoryFolder folder;
  const auto store = open(folder);
  for (const char* id : {"aaaa1", "aaaa2", "b%"}) {
    auto record = record_of();
    record.id = record.run_id = id;
    REQUIRE(store->insert(record));
  }
  CHECK(store->find("aaaa").error().code == ErrorCode::invalid_request);
  CHECK(store->find("").error().code == ErrorCode::not_found);
  CHECK(store->find("%").error().code == ErrorCode::not_found);
  CHECK(store->find("' OR 1 --").error().code == ErrorCode::not_found);
  CHECK(store->find("aaaa2")->id == "aaaa2");
  CHECK(store->find("b")->id == "b%");
}

TEST_CASE("Pruning by count, age or size keeps the runs that are in progress") {
  const HistoryFolder folder;
  const auto store = open(folder);
  const auto now = record_of().began;
  std::vector<std::string> all;
  for (int i = 0; i < 10; ++i) {
    auto record = record_of(python(std::string(1000, 'x')));
    record.began = now - (10 - i) * 60'000;
    REQUIRE(store->insert(record));
    if (i != 0) REQUIRE(store->end(record.id, ended()));  // the oldest is in progress
    all.insert(all.begin(), record.id);
  }
  const auto dry = store->prune({.keep = 0, .dry_run = true});
  REQUIRE(dry);
  CHECK(dry->removed == 9);
  CHECK(dry->left == 1);
  CHECK(ids(*store) == all);

  SECTION("By count") {
    CHECK(store->prune({.keep = 3})->removed == 6);
    CHECK(ids(*store) == std::vector{all[0], all[1], all[2], all[9]});
  }
  SECTION("By age") {
    CHECK(store->prune({.older_than = 270s})->removed == 5);
    CHECK(ids(*store) == std::vector{all[0], all[1], all[2], all[3], all[9]});
  }
  SECTION("By size") {
    const auto report = store->prune({.max_bytes = 4'000});
    REQUIRE(report);
    CHECK(report->removed > 0);
    CHECK(report->bytes > 1000);
    const auto left = ids(*store);
    CHECK(left.size() == 3);  // the two newest, and the one in progress
    CHECK(left.front() == all.front());
  }
  SECTION("Nothing to do") { CHECK(store->prune({.keep = 10, .older_than = 1h, .max_bytes = 1 << 20})->removed == 0); }
}

TEST_CASE("A run that is pruned for good remains in no file") {
  const HistoryFolder folder;
  const auto store = open(folder);
  const auto record = record_of(python("print('gone-for-good')"));
  REQUIRE(store->insert(record));
  REQUIRE(store->end(record.id, ended()));
  CHECK(folder.bytes().contains("gone-for-good"));
  REQUIRE(store->prune({.keep = 0, .for_good = true}));
  CHECK_FALSE(folder.bytes().contains("gone-for-good"));
}

TEST_CASE("Opening the history marks the runs of dead processes as interrupted") {
  const HistoryFolder folder;
  auto mine = record_of(), gone = record_of(), elsewhere = record_of(), long_ago = record_of();
  gone.owner = gone_owner();
  elsewhere.owner = long_ago.owner = "another-boot.1.2.3";
  long_ago.began -= 3LL * 24 * 60 * 60 * 1000;
  {
    const auto store = open(folder);
    for (const auto& record : {mine, gone, elsewhere, long_ago}) REQUIRE(store->insert(record));
  }
  const auto store = open(folder);
  CHECK(store->find(mine.id)->state == HistoryState::running);
  CHECK(store->find(gone.id)->state == HistoryState::interrupted);
  CHECK(store->find(elsewhere.id)->state == HistoryState::running);
  CHECK(store->find(long_ago.id)->state == HistoryState::interrupted);
}

TEST_CASE("A history file that is broken, newer or misplaced is an error with a remedy") {
  const HistoryFolder folder;
  fs::create_directories(fs::path(folder.file()).parent_path());
  SECTION("The file is not a database") {
    std::ofstream(folder.file()) << std::string(5000, 'x');
    const auto store = HistoryStore::open(folder.file());
    REQUIRE_FALSE(store);
    CHECK(store.error().message.contains("move it away"));
    CHECK(store.error().message.contains(folder.file()));
  }
  SECTION("The file is damaged in the middle") {
    {
      const auto store = open(folder);
      for (int i = 0; i < 50; ++i) REQUIRE(store->insert(record_of(python(std::string(5000, 'x')))));
      REQUIRE(store->end(store->list(1)->front().id, ended()));
      REQUIRE(store->prune({.older_than = 1h, .for_good = true}));
    }
    for (const auto& entry : fs::directory_iterator(fs::path(folder.file()).parent_path())) {
      if (!entry.path().string().ends_with(".db") && !entry.path().string().ends_with("-wal")) continue;
      const auto size = fs::file_size(entry.path());
      std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
      for (std::uintmax_t at = 100; at + 50 < size; at += 1000) {
        file.seekp(static_cast<std::streamoff>(at));
        file << std::string(50, '\xee');
      }
    }
    const auto store = HistoryStore::open(folder.file());  // with or without an error, but no crash
    if (store) (void)(*store)->list(100);
  }
  SECTION("A folder has the name of the file") {
    fs::create_directories(folder.file());
    const auto store = HistoryStore::open(folder.file());
    REQUIRE_FALSE(store);
    CHECK(store.error().message.contains("a folder has its name; move it away"));
  }
  SECTION("A file has the name of a folder in the path") {  // R12
    const auto file = folder.path / "file";
    std::ofstream(file) << "text";
    for (const auto& path : {file / "history.db", file / "state" / "history.db", file / "a" / "b" / "history.db"}) {
      INFO(path.string());
      const auto store = HistoryStore::open(path.string());
      REQUIRE_FALSE(store);
      CHECK(store.error().message.contains(file.string() + " is a file where a folder belongs; move it away"));
      CHECK_FALSE(store.error().message.contains("permissions"));
    }
  }
  SECTION("A newer version wrote the file") {
    open(folder);
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(folder.file().c_str(), &database) == SQLITE_OK);
    REQUIRE(sqlite3_exec(database, "PRAGMA user_version=99", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    const auto store = HistoryStore::open(folder.file());
    REQUIRE_FALSE(store);
    CHECK(store.error().message.contains("newer"));
  }
}

TEST_CASE("Processes that write at the same time lose no runs") {
  const HistoryFolder folder;
  constexpr int kEach = 60;
  std::vector<pid_t> children;
  for (int child = 0; child < 3; ++child) {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      const auto store = HistoryStore::open(folder.file());
      bool fine = store.has_value();
      for (int i = 0; fine && i < kEach; ++i) {
        const auto record = record_of();
        fine = (*store)->insert(record) && (*store)->end(record.id, ended()) && (*store)->prune({.keep = 1000});
      }
      _exit(fine ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
  const auto all = ids(*open(folder));
  CHECK(all.size() == 3 * kEach);
}

TEST_CASE("A batch that fills the disk is not written at all, and the error names the cause") {
  const HistoryFolder folder;
  const auto store = open(folder);
  std::vector<HistoryStore::Work> batch;
  for (int i = 0; i < 100; ++i)
    batch.emplace_back(
        [record = record_of(python(std::string(64 << 10, '#')))](HistoryStore& file) { return file.insert(record); });
  // The size of files is limited. SQLite writes to the disk before the end, because the batch exceeds its memory.
  struct rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto signal_before = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto all = store->together(batch);
  const bool back = setrlimit(RLIMIT_FSIZE, &before) == 0;
  signal(SIGXFSZ, signal_before);
  REQUIRE(back);
  CHECK_FALSE(all.written);
  CHECK_FALSE(all.busy);
  REQUIRE(all.error);
  INFO(all.error->message);
  CHECK(all.error->message.contains("ulimit -f"));  // the limit acts as a full disk here
  CHECK(store->list(1000)->empty());
  CHECK(store->together(batch).written);
  CHECK(store->list(1000)->size() == 100);
}

TEST_CASE("The next opening adds each run of the .late files to the history once") {  // R08
  const HistoryFolder folder;
  const auto late_files = [&] {
    std::size_t count = 0;
    for (const auto& each : fs::directory_iterator(fs::path(folder.file()).parent_path()))
      count += each.path().string().contains(".late-") ? 1 : 0;
    return count;
  };
  const auto begun = record_of(python("begun")), whole = record_of(python("whole"));
  const std::vector<HistoryStore::Work> works{
      [&](HistoryStore& store) { return store.insert(begun); },
      [&](HistoryStore& store) { return store.end(begun.id, ended("of the begun one\n")); },
      [&](HistoryStore& store) { return store.insert(whole); },
      [&](HistoryStore& store) { return store.end(whole.id, ended()); }};
  {
    const auto store = open(folder);
    REQUIRE(store->insert(begun));  // its end is only in the .late files
    for (int i = 0; i < 2; ++i) {   // two files with the same runs
      const auto file = HistoryStore::write_aside(folder.file(), works);
      REQUIRE(file);
      struct stat status{};
      REQUIRE(::stat(file->c_str(), &status) == 0);
      CHECK((status.st_mode & 0777) == 0600);
    }
    CHECK(late_files() == 2);
    CHECK(store->list(10)->size() == 1);
  }
  SECTION("Another process locks the history") {
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(folder.file().c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(HistoryStore::open(folder.file(), 10ms));
    CHECK(late_files() == 2);
    REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
  }
  SECTION("A .late file that is not a history stays") {
    std::ofstream(folder.file() + ".late-none") << std::string(5000, 'x');
  }
  const auto others = late_files() - 2;
  const auto store = open(folder);
  CHECK(late_files() == others);
  const auto runs = store->list(10);
  REQUIRE(runs->size() == 2);
  for (const auto& run : *runs) CHECK(run.state == HistoryState::finished);
  CHECK(store->find(begun.id)->end->out.head == "of the begun one\n");
  CHECK(std::get<SourceProgram>(store->find(whole.id)->spec.program).text == "whole");
}

}  // namespace history_store_test
