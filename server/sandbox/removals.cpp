#include "sandbox/removals.hpp"

#include <algorithm>
#include <set>

#include "support/log.hpp"

namespace dind::sandbox {

using namespace std::chrono_literals;

struct Removals::Debt::Account {
  Account(asio::any_io_executor e, engine::Client& c) : executor(std::move(e)), client(c), changed(executor) {}
  asio::any_io_executor executor;
  engine::Client& client;
  Signal changed;
  std::multiset<std::string> owed;

  // True: the engine says that there is no such container.
  Task<bool> try_once(const std::string& name, Deadline deadline) {
    const auto removed = co_await client.remove_container(name, deadline);
    // 409: the engine removes it already (AutoRemove); then it is there a moment longer.
    if (!removed && removed.error().engine_status != 409) co_return false;
    const auto seen = co_await client.inspect_container(name, deadline);
    co_return !seen && seen.error().engine_status == 404;
  }

  static Task<void> remove(std::shared_ptr<Account> self, std::string name) {
    const Deadline give_up = in(30s);
    Clock::duration pause = 20ms;
    bool gone = false;
    while (!(gone = co_await self->try_once(name, in(10s))) && Clock::now() < give_up) {
      co_await sleep_until(in(pause));
      pause = std::min<Clock::duration>(pause * 2, 2s);
    }
    if (!gone)
      log(LogLevel::warning,
          "The container " + name + " could not be removed for half a minute; the reaper will try again");
    self->owed.erase(self->owed.find(name));
    self->changed.notify();
  }
};

Removals::Removals(asio::any_io_executor executor, engine::Client& client)
    : account_(std::make_shared<Debt::Account>(std::move(executor), client)) {}

Removals::Debt& Removals::Debt::operator=(Debt&& other) noexcept {
  if (this != &other) {
    pay();
    account_ = std::move(other.account_);
    name_ = std::move(other.name_);
  }
  return *this;
}

void Removals::Debt::pay() {
  if (const auto account = std::exchange(account_, nullptr)) {
    spawn(account->executor, "removal of " + name_, Account::remove(account, std::move(name_)));
  }
}

Removals::Debt Removals::owe(std::string container_name) {
  account_->owed.insert(container_name);
  return {account_, std::move(container_name)};
}

std::size_t Removals::unpaid() const { return account_->owed.size(); }

Task<bool> Removals::idle(Deadline deadline) {
  const auto account = account_;
  while (!account->owed.empty()) {
    if (!co_await account->changed.wait(deadline)) co_return account->owed.empty();
  }
  co_return true;
}

Task<bool> Removals::gone(std::string prefix, Deadline deadline) {
  const auto account = account_;
  const auto owed = [&] {
    const auto first = account->owed.lower_bound(prefix);
    return first != account->owed.end() && first->starts_with(prefix);
  };
  while (owed()) {
    if (!co_await account->changed.wait(deadline)) co_return !owed();
  }
  co_return true;
}

}  // namespace dind::sandbox
