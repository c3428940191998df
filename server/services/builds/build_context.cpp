#include "services/builds/build_context.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <system_error>
#include <utility>

#include "services/builds/context_folder.hpp"
#include "services/builds/context_tar.hpp"
#include "services/builds/ignore_rules.hpp"
#include "support/ids.hpp"
#include "support/io/last_error.hpp"
#include "support/text/shortened.hpp"
#include "support/units.hpp"

namespace dind {
namespace {

constexpr int kMaxDepth = 128;
constexpr const char* kRulesFile = ".dockerignore";

// Collects the folder's files, by the rules of its .dockerignore.
class Collector {
 public:
  Collector(const ContextRequest& request, const BuildContext& context, const std::stop_token& stop)
      : request_(request), context_(context), stop_(stop), tar_(*context.tar) {}

  Result<void> write() {
    if (const auto opened = tar_.open(); !opened) return opened;
    if (!request_.path.empty()) {
      auto folder = open_context_folder(request_.root, request_.path);
      if (!folder) return std::unexpected(folder.error());
      if (const auto read = read_rules(folder->get()); !read) return read;
      if (const auto added = add_folder(std::move(*folder), "", {}, 0); !added) return added;
    }
    tar_.hold_back();
    if (request_.hide_dockerfile)
      if (const auto added = tar_.add_text(kRulesFile, hiding_rules(), rules_file_); !added) return added;
    if (const auto added = tar_.add_text(context_.dockerfile, request_.dockerfile, dockerfile_); !added) return added;
    return tar_.close();
  }

  void give_up() { tar_.give_up(); }

  CollectedContext collected() const {
    if (special_ == 0) return {.bytes = tar_.written(), .notes = {}};
    return {
        .bytes = tar_.written(),
        .notes = {std::to_string(special_) + " files of the context are sockets, pipes or devices and were left out"}};
  }

 private:
  Result<void> read_rules(int folder) {
    auto own = read_ignore_file(folder, kRulesFile);
    if (!own) return std::unexpected(own.error());
    const std::string its_name =
        (request_.dockerfile_name.empty() ? "Dockerfile" : request_.dockerfile_name) + kRulesFile;
    auto text = request_.ignore;
    if (!text && !its_name.starts_with('/')) {
      auto its = read_ignore_file(folder, its_name);
      if (!its) return std::unexpected(its.error());
      if (*its) text = std::move((*its)->text);
    }
    const bool has_its = text.has_value();
    if (!text && *own) text = (*own)->text;
    auto rules = IgnoreRules::parse(text.value_or(""), has_its ? its_name : kRulesFile);
    if (!rules) return std::unexpected(rules.error());
    ignore_ = std::move(*rules);
    if (*own && !ignore_.ignored(kRulesFile)) rules_file_ = std::move(**own);
    return {};
  }

  // Returns the .dockerignore for the classic builder. That builder removes from the context what this file names, but
  // it checks only the Dockerfile and the .dockerignore.
  std::string hiding_rules() const {
    const std::string hidden = '\n' + context_.dockerfile + '\n';
    if (!rules_file_) return hidden + kRulesFile + '\n';
    const auto own = IgnoreRules::parse(rules_file_->text, kRulesFile);
    if (!own) return hidden + kRulesFile + '\n';  // the file is not in force, and the builder could not parse it
    return rules_file_->text + (own->ignored(kRulesFile) ? std::string("\n!") + kRulesFile : "") + hidden;
  }

  Result<void> add_folder_entry(const std::string& path, const struct stat& status) {
    if (const auto counted = count(path); !counted) return counted;
    return tar_.add_folder(path, status);
  }

  // Adds the ignored folders that contain something that is not ignored.
  Result<void> add_waiting_folders() {
    for (const auto& [path, status] : std::exchange(waiting_, {}))
      if (const auto added = add_folder_entry(path, status); !added) return added;
    return {};
  }

  Result<void> add_folder(OwnedFd folder, const std::string& path, const IgnoreRules::Matched& matched, int depth) {
    if (depth == kMaxDepth)
      return fail(ErrorCode::invalid_request,
                  "The context is nested more than 128 folders deep: " + shortened(path, 80));
    DIR* listing = ::fdopendir(folder.get());
    if (listing == nullptr) return context_unreadable(path);
    const std::unique_ptr<DIR, int (*)(DIR*)> closing(listing, ::closedir);
    [[maybe_unused]] const int owned_by_listing = folder.release();
    std::vector<std::string> names;
    while (const dirent* each = ::readdir(listing)) {
      if (stop_.stop_requested()) return context_stopped();
      if (std::strcmp(each->d_name, ".") != 0 && std::strcmp(each->d_name, "..") != 0) names.emplace_back(each->d_name);
    }
    std::ranges::sort(names);  // the same files make the same tar
    for (const auto& name : names)
      if (const auto added = add(::dirfd(listing), name, path.empty() ? name : path + "/" + name, matched, depth);
          !added)
        return added;
    return {};
  }

  // `matched`: which patterns matched the folder that contains the entry.
  Result<void> add(int folder, const std::string& name, const std::string& path, const IgnoreRules::Matched& matched,
                   int depth) {
    if (stop_.stop_requested()) return context_stopped();
    IgnoreRules::Matched own;
    const bool ignored = ignore_.ignored(path, matched, own);
    struct stat status{};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};  // it was removed meanwhile
    if (S_ISDIR(status.st_mode)) {
      if (ignored && !ignore_.may_keep_below(path)) return {};
      const auto waiting = waiting_.size();
      if (ignored) {
        waiting_.emplace_back(path, status);
      } else {
        if (const auto added = add_waiting_folders(); !added) return added;
        if (const auto added = add_folder_entry(path, status); !added) return added;
      }
      OwnedFd below(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below.get() < 0) return context_unreadable(path);
      const auto added = add_folder(std::move(below), path, own, depth + 1);
      if (waiting_.size() > waiting)
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(waiting), waiting_.end());
      return added;
    }
    if (ignored) return {};
    if (path == context_.dockerfile) {  // is written at the end
      dockerfile_ = ContextFile{.text = {}, .mode = status.st_mode, .changed = status.st_mtime};
      return {};
    }
    if (request_.hide_dockerfile && path == kRulesFile) return {};  // is written at the end, with lines added
    if (const auto added = add_waiting_folders(); !added) return added;
    if (const auto counted = count(path); !counted) return counted;
    if (S_ISLNK(status.st_mode)) return add_link(folder, name, path, status);
    if (S_ISREG(status.st_mode)) return add_file(folder, name, path);
    ++special_;
    return {};
  }

  Result<void> add_link(int folder, const std::string& name, const std::string& path, const struct stat& status) {
    std::array<char, 4096> target;
    const auto size = ::readlinkat(folder, name.c_str(), target.data(), target.size() - 1);
    if (size < 0) return {};
    target[static_cast<std::size_t>(size)] = 0;
    return tar_.add_link(path, target.data(), status.st_mtime);
  }

  Result<void> add_file(int folder, const std::string& name, const std::string& path) {
    const OwnedFd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
      return context_unreadable(path);
    if (status.st_nlink > 1) {
      const auto [first, is_new] = linked_.try_emplace({status.st_dev, status.st_ino}, LinkedFile{path, status, {}});
      if (!is_new && is_same_state(first->second.status, status)) return tar_.add_hard_link(path, first->second);
      if (!is_new) first->second = {path, status, {}};
      return add_bytes(file, path, status, &first->second.content);
    }
    return add_bytes(file, path, status, nullptr);
  }

  // An inode may have been changed, or be another file's, since it was read.
  static bool is_same_state(const struct stat& before, const struct stat& now) {
    return before.st_size == now.st_size && before.st_ctim.tv_sec == now.st_ctim.tv_sec &&
           before.st_ctim.tv_nsec == now.st_ctim.tv_nsec;
  }

  // `content`: set to a digest of the bytes, if it is not null.
  Result<void> add_bytes(const OwnedFd& file, const std::string& path, const struct stat& status,
                         std::string* content) {
    bytes_ += status.st_size;
    if (bytes_ > request_.max_bytes)
      return fail(ErrorCode::invalid_request, "The context has more than " + format_bytes(request_.max_bytes) +
                                                  "; leave out what the build doesn't need (.dockerignore), or raise "
                                                  "build.maxContext");
    return tar_.add_file(file, path, status, content, stop_);
  }

  Result<void> count(const std::string& path) {
    if (++files_ <= request_.max_files) return {};
    return fail(ErrorCode::invalid_request, "The context has more than " + std::to_string(request_.max_files) +
                                                " files (" + shortened(path, 80) +
                                                " is one more); leave out what the build doesn't need (.dockerignore)");
  }

  const ContextRequest& request_;
  const BuildContext& context_;
  const std::stop_token& stop_;
  ContextTar tar_;
  IgnoreRules ignore_;
  std::optional<ContextFile> rules_file_;                     // the folder's own .dockerignore, if it is not ignored
  std::optional<ContextFile> dockerfile_;                     // the folder's file that has the Dockerfile's name
  std::vector<std::pair<std::string, struct stat>> waiting_;  // ignored folders above the current entry, parents first
  std::map<std::pair<dev_t, ino_t>, LinkedFile> linked_;
  std::int64_t bytes_ = 0;  // size of the files so far
  std::size_t files_ = 0;
  std::size_t special_ = 0;
};

}  // namespace

Result<BuildContext> begin_context(const ContextRequest& request) {
  const int file = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::internal, "A build's context can't be written to /tmp (" + last_error() + ")");
  auto tar = std::make_shared<engine::BodyFile>(file);
  bool own = false;
  if (!request.hide_dockerfile && !request.path.empty()) {
    const auto folder = open_context_folder(request.root, request.path);  // collect_context reports its errors
    own = folder && has_text(folder->get(), "Dockerfile", request.dockerfile);
  }
  // The name depends only on the text. So a step that copies the file is found in the builder's cache again.
  return BuildContext{.tar = std::move(tar),
                      .dockerfile = own ? "Dockerfile" : ".dockerfile." + sha256(request.dockerfile).substr(0, 16)};
}

Result<CollectedContext> collect_context(const ContextRequest& request, const BuildContext& context,
                                         const std::stop_token& stop) {
  Collector collector(request, context, stop);
  if (const auto written = collector.write(); !written) {
    collector.give_up();
    return std::unexpected(written.error());
  }
  return collector.collected();
}

}  // namespace dind
