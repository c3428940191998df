#include "support/text/requirement.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include "support/text/dependency_specifier.hpp"
#include "support/text/escaped.hpp"
#include "support/text/quoted.hpp"
#include "support/text/shortened.hpp"
#include "support/text/trimmed.hpp"

namespace dind {
namespace {

constexpr std::size_t kMaxLength = 512;            // bytes, without its hashes
constexpr std::size_t kMaxLineLength = 64 * 1024;  // bytes, with its hashes
constexpr const char* kName = "name a package, such as \"requests\" or \"flask>=2\"";

using Checked = std::expected<std::string, std::string>;

std::unexpected<std::string> refused(std::string_view text, const std::string& why, const std::string& remedy) {
  return std::unexpected(quoted(text, 80) + ' ' + why + "; " + remedy);
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (auto at = text.find_first_not_of(" \t"); at != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(" \t", at), text.size());
    found.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(" \t", end);
  }
  return found;
}

// The package in the address of a wheel: "six" in "https://host/six-1.16.0-py3-none-any.whl#sha256=…" (PEP 427). Empty:
// it is not the address of a wheel.
std::string name_of_wheel(std::string_view address) {
  address = address.substr(0, address.find_first_of("#?"));
  if (!address.starts_with("https://") || !address.ends_with(".whl")) return {};
  const auto file = address.substr(address.rfind('/') + 1);
  if (std::ranges::count(file, '-') < 4) return {};
  const auto name = file.substr(0, file.find('-'));
  const bool plain = !name.empty() && is_word(name.front()) && is_word(name.back()) &&
                     std::ranges::all_of(name, [](char c) { return is_word(c) || c == '_' || c == '.'; });
  return plain ? std::string(name) : std::string();
}

std::optional<Checked> check_address(std::string_view text) {
  const auto scheme = text.substr(0, text.find("://"));
  if (scheme.size() == text.size() || scheme.find_first_of(" @;[") != std::string_view::npos) return std::nullopt;
  if (const auto name = name_of_wheel(text); !name.empty()) return Checked(name + " @ " + std::string(text));
  if (scheme.starts_with("git+") || scheme.starts_with("hg+") || scheme.starts_with("svn+") ||
      scheme.starts_with("bzr+"))
    return refused(text, "is a repository, and the installer has no program that reads one",
                   "name a package, or an archive of that version: NAME @ https://…");
  if (scheme == "https")
    return refused(text, "is an address without a package's name", "name a package before it: NAME @ https://…");
  return refused(text, "has an address that does not begin with https://", "name a package: NAME @ https://…");
}

// Whether `text` is the name of an archive. pip reads it as a path, even if the file does not exist. (pip:
// is_archive_file)
bool names_archive(std::string_view text) {
  constexpr std::array<std::string_view, 10> kArchives{".whl", ".zip",    ".tar.gz", ".tgz",     ".tar",
                                                       ".tbz", ".tar.xz", ".txz",    ".tar.bz2", ".tar.lz"};
  return text.find_first_of(" @;[<>=!~(") == std::string_view::npos &&
         std::ranges::any_of(kArchives, [&](std::string_view each) { return text.ends_with(each); });
}

Checked check_package(std::string_view text) {
  if (text.size() > kMaxLength) return refused(text, "is longer than 512 bytes", kName);
  if (const auto address = check_address(text)) return *address;
  if (text.find_first_of("/\\") < text.find_first_of(" @;[<>=!~(") || text.starts_with('.') || names_archive(text))
    return refused(text, "names a path, which the installer cannot see",
                   "name a package, or install it in an image (a Dockerfile)");
  if (!is_word(text.front())) return refused(text, "does not begin with a package's name", kName);
  const auto end =
      std::ranges::find_if_not(text, [](char c) { return is_word(c) || c == '.' || c == '-' || c == '_'; });
  const auto rest = trimmed({end, text.end()}, " \t\r");
  if (rest.empty()) return std::string(text);
  if (!std::string_view("[<>=!~;@(").contains(rest.front())) return refused(text, "is not a package's name", kName);
  const auto at = rest.find('@');
  if (at != std::string_view::npos && !rest.substr(0, at).contains(';')) {
    const auto address = trimmed(rest.substr(at + 1), " \t\r");
    if (!address.starts_with("https://"))
      return check_address(address).value_or(
          refused(text, "has an address that does not begin with https://", "name a package: NAME @ https://…"));
  } else if (rest.substr(0, rest.find(';')).contains('/')) {
    return refused(text, "names a path, which the installer cannot see", kName);
  }
  if (const auto problem = specifier_problem(rest); !problem.empty())
    return refused(text, problem, "write it as pip shows it, such as \"flask>=2,<4; python_version >= '3.9'\"");
  return std::string(text);
}

// Checks options like "--hash=sha256:…", with "=" or a blank before the value. (pip: hash-checking mode)
Checked check_hashes(std::string_view whole, std::string_view options) {
  std::string checked;
  const auto all = words(options);
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string_view hash = all[i];
    if (hash == "--hash" && i + 1 < all.size())
      hash = all[++i];
    else if (hash.starts_with("--hash="))
      hash.remove_prefix(7);
    else
      return refused(whole,
                     "has the option " + shortened(escaped(all[i]), 40) + " after the package, which is not supported",
                     "remove the option; --hash=ALGORITHM:VALUE is supported");
    if (hash.size() > 1 && (hash.front() == '"' || hash.front() == '\'') && hash.back() == hash.front())
      hash = hash.substr(1, hash.size() - 2);
    const auto colon = hash.find(':');
    const auto algorithm = hash.substr(0, colon);
    const bool known = algorithm == "sha256" || algorithm == "sha384" || algorithm == "sha512";
    const auto value = colon == std::string_view::npos ? std::string_view() : hash.substr(colon + 1);
    if (!known || value.empty() || !std::ranges::all_of(value, [](unsigned char c) { return std::isxdigit(c) != 0; }))
      return refused(whole, "has a --hash that is not sha256:, sha384: or sha512: and hexadecimal digits",
                     "write it as pip hash prints it");
    checked += " --hash=" + std::string(hash);
  }
  return checked;
}

Checked check_options(std::string_view text) {
  constexpr std::array<std::string_view, 3> kFlags{"--pre", "--prefer-binary", "--require-hashes"};
  constexpr std::array<std::string_view, 2> kChoices{"--only-binary", "--no-binary"};
  const auto all = words(text);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto option = std::string_view(all[i]).substr(0, all[i].find('='));
    const bool with_value = all[i].contains('=');
    if (std::ranges::find(kFlags, option) != kFlags.end() && !with_value) continue;
    if (std::ranges::find(kChoices, option) != kChoices.end() && (with_value || i + 1 < all.size())) {
      if (!with_value) ++i;
      continue;
    }
    const bool index = option == "--index-url" || option == "--pypi-url" || option == "--extra-index-url" ||
                       option == "--no-index" || option == "--find-links" || option == "--trusted-host" ||
                       option.starts_with("-i") || option.starts_with("-f");
    if (index)
      return refused(text, "is an option of the installer, which a run can't set",
                     "remove it: the operator chooses the package index (dependencies.env, PIP_INDEX_URL); or name a "
                     "package's own address: NAME @ https://…");
    if (option.starts_with("-e") || option == "--editable")
      return refused(text, "is an editable install, and the installer cannot see your folder",
                     "remove it, and name a package instead, or install it in an image (a Dockerfile)");
    if (option.starts_with("-r") || option.starts_with("-c") || option == "--requirement" || option == "--constraint")
      return refused(text, "names another file, which a list of packages must not do",
                     "name a package; at a command line, give the whole file with --with-requirements FILE");
    return refused(text, "is an option of the installer, which a run can't set",
                   "remove it, and name a package, such as \"requests\"");
  }
  std::string checked;
  for (const auto& word : all) checked += (checked.empty() ? "" : " ") + word;
  return checked;
}

// Whether `text` has a variable such as "${TOKEN}". pip would insert it from the installer's environment, which is the
// operator's.
bool names_a_variable(std::string_view text) {
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1))
    if (const auto end = text.find('}', at);
        end != std::string_view::npos && end > at + 2 &&
        std::ranges::all_of(text.substr(at + 2, end - at - 2),
                            [](unsigned char c) { return std::isupper(c) || std::isdigit(c) || c == '_'; }))
      return true;
  return false;
}

}  // namespace

bool has_option(std::string_view requirement) { return requirement.starts_with('-') || requirement.contains(" --"); }

std::expected<std::string, std::string> checked_requirement(std::string_view line) {
  const auto text = trimmed(line, " \t\r");
  if (text.empty()) return refused(text, "is empty", kName);
  if (text.size() > kMaxLineLength) return refused(text, "is longer than 64 KiB", kName);
  if (std::ranges::any_of(text, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }))
    return refused(text, "holds a control character", kName);
  if (names_a_variable(text))
    return refused(text, "names a variable, and the installer does not get your variables",
                   "write its value, or name a package");
  if (text.starts_with('-')) return check_options(text);
  // As in pip, the options begin at the first word that begins with a dash.
  auto options = text.find(" -");
  options = std::min(options, text.find("\t-"));
  const auto package = check_package(trimmed(text.substr(0, options), " \t\r"));
  if (!package || options == std::string_view::npos) return package;
  const auto hashes = check_hashes(text, text.substr(options));
  if (!hashes) return hashes;
  return *package + *hashes;
}

}  // namespace dind
