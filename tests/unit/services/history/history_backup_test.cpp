// K03: the history is exported and imported while other processes use it.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "services/history/history_fixtures.hpp"
#include "services/history/history_store.hpp"
#include "services/history/history_worker.hpp"

namespace history_backup_test {

using namespace dind;
using namespace dind::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<HistoryStore> open(const std::string& path) {
  auto store = HistoryStore::open(path);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

std::string add(HistoryStore& store, bool finished = true) {
  const auto record = record_of();
  REQUIRE(store.insert(record));
  if (finished) REQUIRE(store.end(record.id, an_end()));
  return record.id;
}

std::vector<std::string> ids(HistoryStore& store) {
  std::vector<std::string> all;
  const auto records = store.list(10'000);
  if (!records) FAIL(records.error().message);
  for (const auto& record : *records) all.push_back(record.id);
  return all;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
}

std::string bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void execute(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
}

}  // namespace

TEST_CASE("K03: an export is one complete private file, even while the history is in use") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  for (int i = 0; i < 5; ++i) add(*store);
  REQUIRE(fs::file_size(folder.file() + "-wal") > 0);
  const auto copy = (folder.path / "copy.db").string();
  write(copy, "an older copy");
  const auto made = store->export_to(copy);
  REQUIRE(made);
  CHECK(made->runs == 5);
  struct stat status{};
  REQUIRE(::stat(copy.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder.path)) files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 1);  // no -wal or -shm file next to it
  CHECK(ids(*open(copy)) == ids(*store));
}

TEST_CASE("K03: an import replaces the runs, also for a process that has the history open") {
  const HistoryFolder folder;
  const auto server = open(folder.file());  // as `serve` has it
  for (int i = 0; i < 5; ++i) add(*server);
  const auto kept = ids(*server);
  const auto copy = (folder.path / "copy.db").string();
  REQUIRE(server->export_to(copy));
  const auto before = bytes(copy);
  for (int i = 0; i < 60; ++i) add(*server);
  {
    const auto operators = open(folder.file());
    const auto brought = operators->import_from(copy);
    if (!brought) FAIL(brought.error().message);
    CHECK(brought->runs == 5);
    CHECK(brought->replaced == 65);
    CHECK(ids(*operators) == kept);
  }
  CHECK(ids(*server) == kept);
  const auto next = add(*server);
  CHECK(ids(*open(folder.file())).front() == next);
  CHECK(ids(*server).size() == 6);
  CHECK(server->find(kept.front())->end->out.head == "hello\n");
  CHECK(bytes(copy) == before);
  for (const auto& entry : fs::directory_iterator(fs::path(folder.file()).parent_path()))
    CHECK_FALSE(entry.path().filename().string().contains("part"));
}

TEST_CASE("K03: an import keeps a run that is in progress; an unfinished run of the copy is interrupted") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  const auto early = add(*store, false);
  const auto copy = (folder.path / "copy.db").string();
  REQUIRE(store->export_to(copy));
  REQUIRE(store->end(early, an_end()));
  const auto live = add(*store, false);
  REQUIRE(store->import_from(copy));
  CHECK(ids(*store) == std::vector<std::string>{live, early});
  CHECK(store->find(early)->state == HistoryState::interrupted);
  CHECK(store->find(live)->state == HistoryState::running);
  REQUIRE(store->end(live, an_end()));
  CHECK(store->find(live)->state == HistoryState::finished);
  // A run that is unfinished in both files is still running.
  REQUIRE(store->export_to(copy));
  const auto again = add(*store, false);
  REQUIRE(store->export_to(copy));
  REQUIRE(store->import_from(copy));
  CHECK(store->find(again)->state == HistoryState::running);
  CHECK(ids(*store).size() == 3);
}

TEST_CASE("K03: importing a file that is not a history changes nothing, and the error names the file") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  add(*store);
  const auto kept = ids(*store);
  const auto refused = [&](const std::string& file, const std::string& part) {
    CAPTURE(file);
    const auto brought = store->import_from(file);
    REQUIRE_FALSE(brought);
    CHECK(brought.error().message.contains(file));
    CHECK(brought.error().message.contains(part));
    CHECK_FALSE(brought.error().message.contains('\n'));
    CHECK(ids(*store) == kept);
  };
  const auto path = [&](const char* name) { return (folder.path / name).string(); };
  refused(path("nowhere.db"), "no file");
  refused(folder.path.string(), "folder");
  refused(folder.file(), "itself");
  write(path("empty.db"), "");
  refused(path("empty.db"), "not a history");
  write(path("text.db"), std::string(9000, 'x'));
  refused(path("text.db"), "not a history");
  execute(path("other.db"), "CREATE TABLE runs(a); PRAGMA user_version=0");
  refused(path("other.db"), "not a history");
  REQUIRE(store->export_to(path("cut.db")));
  fs::resize_file(path("cut.db"), fs::file_size(path("cut.db")) / 2);
  refused(path("cut.db"), "not a history");
  REQUIRE(store->export_to(path("newer.db")));
  execute(path("newer.db"), "PRAGMA user_version=999");
  refused(path("newer.db"), "newer dind-executor");
}

TEST_CASE("K03: the error of a failed export names the file and the cause") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  add(*store);
  for (const auto& [file, part] :
       {std::pair{folder.path.string(), "folder"}, std::pair{(folder.path / "none/x.db").string(), "No such file"},
        std::pair{folder.file(), "the history itself"}, std::pair{std::string("/proc/x.db"), "("}}) {
    const auto made = store->export_to(file);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.contains(file));
    CHECK(made.error().message.contains(part));
  }
  CHECK(ids(*store).size() == 1);
}

TEST_CASE("An export replaces only a regular file") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  add(*store);
  const auto path = [&](const char* name) { return (folder.path / name).string(); };
  const auto refused = [&](const std::string& file, const std::string& part) {
    CAPTURE(file);
    struct stat before{}, after{};
    REQUIRE(::lstat(file.c_str(), &before) == 0);
    const auto made = store->export_to(file);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.contains(file));
    CHECK(made.error().message.contains(part));
    REQUIRE(::lstat(file.c_str(), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(before.st_mode == after.st_mode);
  };
  REQUIRE(::mkfifo(path("fifo").c_str(), 0600) == 0);
  refused(path("fifo"), "not a regular file");
  fs::create_symlink("fifo", path("to_fifo"));
  refused(path("to_fifo"), "not a regular file");
  if (::mknod(path("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) refused(path("null"), "not a regular file");
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path("socket").c_str());
  REQUIRE(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(server);
  refused(path("socket"), "not a regular file");
  fs::create_symlink("loop", path("loop"));
  refused(path("loop"), "(");
}

TEST_CASE("An export to a symbolic link keeps the link and writes its target") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  add(*store);
  fs::create_directory(folder.path / "elsewhere");
  const auto target = (folder.path / "elsewhere/copy.db").string();
  const auto link = (folder.path / "link").string();
  fs::create_symlink("elsewhere/copy.db", folder.path / "second");
  fs::create_symlink("second", link);
  for (int i = 0; i < 2; ++i) {  // first without a target, then with it
    REQUIRE(store->export_to(link));
    CHECK(fs::is_symlink(link));
    CHECK(fs::is_regular_file(fs::symlink_status(target)));
    CHECK(ids(*open(target)) == ids(*store));
  }
  fs::create_symlink(folder.file(), folder.path / "itself");
  const auto made = store->export_to((folder.path / "itself").string());
  REQUIRE_FALSE(made);
  CHECK(made.error().message.contains("the history itself"));
}

TEST_CASE("The error of a failed import is one line and names the file as the user named it") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  for (int i = 0; i < 50; ++i) add(*store);
  const auto copy = (folder.path / "copy.db").string();
  REQUIRE(store->export_to(copy));
  {
    std::fstream damaged(copy, std::ios::binary | std::ios::in | std::ios::out);
    damaged.seekp(4096 * 3);
    damaged << std::string(4096, 'x');
  }
  const auto brought = store->import_from(copy, "stdin");
  REQUIRE_FALSE(brought);
  CHECK(brought.error().message.starts_with("stdin is not a history"));
  CHECK_FALSE(brought.error().message.contains('\n'));
  CHECK_FALSE(brought.error().message.contains(copy));
  REQUIRE(store->export_to(copy));
  execute(copy, "PRAGMA user_version=999");
  const auto newer = store->import_from(copy);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().message.contains("import it with that version"));
  CHECK_FALSE(newer.error().message.contains(".part-"));
  CHECK_FALSE(newer.error().message.contains("history.path"));
}

TEST_CASE("K03: an import accepts a plain copy of the history file with its -wal file") {
  const HistoryFolder folder;
  const auto store = open(folder.file());
  for (int i = 0; i < 3; ++i) add(*store);
  const auto kept = ids(*store);
  const auto copy = (folder.path / "copy.db").string();
  for (const char* suffix : {"", "-wal"}) fs::copy_file(folder.file() + suffix, copy + suffix);
  add(*store);
  REQUIRE(store->import_from(copy));
  CHECK(ids(*store) == kept);
}

TEST_CASE("K03: a settled history is in one file, and an export without a history is an error") {
  const HistoryFolder folder;
  asio::io_context context;
  HistoryWorker worker(context.get_executor(), {.path = folder.file()});
  const auto run = [&](std::function<Task<void>()> what) {
    context.restart();
    asio::co_spawn(context, what(), asio::detached);
    context.run();
  };
  const auto copy = (folder.path / "copy.db").string();
  run([&]() -> Task<void> {
    const auto none = co_await worker.export_to(copy);
    CHECK((!none && none.error().code == ErrorCode::not_found && none.error().message.contains(folder.file())));
    co_await worker.settle(in(10s));
  });
  CHECK_FALSE(fs::exists(copy));
  CHECK_FALSE(fs::exists(folder.file()));
  auto record = record_of();
  const auto id = record.id;
  worker.began(std::move(record));
  worker.ended(id, an_end());
  run([&]() -> Task<void> { co_await worker.settle(in(10s)); });
  CHECK(fs::file_size(folder.file() + "-wal") == 0);
  fs::copy_file(folder.file(), copy);
  CHECK(ids(*open(copy)) == std::vector<std::string>{id});
  // An import where no history exists yet.
  HistoryWorker other(context.get_executor(), {.path = (folder.path / "new/dind/history.db").string()});
  run([&]() -> Task<void> {
    const auto brought = co_await other.import_from(copy, copy);
    CHECK((brought && brought->runs == 1 && brought->replaced == 0));
  });
}

}  // namespace history_backup_test
