// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "own_folder.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "errors.hpp"
#include "names.hpp"
#include "rma/host.hpp"

namespace farhold::file {

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  descriptor own(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // with a position of its own
  if (!own.valid()) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(own.get()), ::closedir);
  if (listing == nullptr) return names;
  own.release();
  while (const dirent* const entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

namespace {

constexpr const char* lock_name = "lock";
constexpr std::size_t id_digits = 16;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, id_digits + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

/// This host through all its boots. The image of a cluster's nodes may give all of them one machine id, and
/// many machines are called "localhost", hence both.
std::string host_id() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = 0;
  std::string machine;
  std::ifstream("/etc/machine-id") >> machine;
  return machine + "/" + name.data();
}

/// What this kernel calls itself; all zero if it does not.
struct kernel {
  std::string host;
  std::string boot;
};
const kernel& this_kernel() {
  static const kernel mine = [] {
    const auto boot = rma::this_boot();
    const std::string host = host_id();
    return kernel{hexadecimal(XXH3_64bits(host.data(), host.size())), hexadecimal(boot[0] ^ boot[1])};
  }();
  return mine;
}

/// Removes what is in a folder, except what is called `except`.
void empty(int folder, const char* except) {
  for (const std::string& name : names_in(folder)) {
    if (except != nullptr && name == except) continue;
    if (::unlinkat(folder, name.c_str(), 0) == 0 || (errno != EISDIR && errno != EPERM)) continue;
    const descriptor inner(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner.valid()) continue;
    empty(inner.get(), nullptr);
    ::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  }
}

/// The lock goes last: whoever dies in here leaves a folder that still tells of its dead maker.
void remove_whole(int parent, const std::string& name, int folder) {
  empty(folder, lock_name);
  ::unlinkat(folder, lock_name, 0);
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

bool still_there(int fd) noexcept {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && found.st_nlink > 0;
}

void remove_if_dead(int parent, const std::string& name, std::size_t prefix_length) {
  const kernel& here = this_kernel();
  if (name.size() != prefix_length + 3 * (id_digits + 1)) return;
  const std::string_view host = std::string_view(name).substr(prefix_length + 1, id_digits);
  const std::string_view boot = std::string_view(name).substr(prefix_length + id_digits + 2, id_digits);
  const bool same_kernel = boot == here.boot && boot != hexadecimal(0);
  const bool earlier_boot = host == here.host && boot != here.boot;
  if (!same_kernel && !earlier_boot) return;
  const descriptor folder(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) return;
  const descriptor lock(::openat(folder.get(), lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (lock.valid()) {
    if (same_kernel && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
    if (still_there(lock.get())) remove_whole(parent, name, folder.get());
  } else if (errno == ENOENT) {
    // Being made, or being removed: only an empty one goes, and its maker then takes another.
    ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

status own_folder::make(int parent, const std::string& prefix, own_folder& out) noexcept try {
  constexpr int attempts = 16;  // each but the first one means that a cleaner came in between
  for (int i = 0; i < attempts; ++i) {
    const kernel& here = this_kernel();
    own_folder made;
    made.parent_ = parent;
    made.owner_ = ::getpid();
    made.name_ = prefix + "-" + here.host + "-" + here.boot + "-" + hexadecimal(rma::random_number());
    if (::mkdirat(parent, made.name_.c_str(), 0777) != 0) return failed("make a folder for unfinished files");
    descriptor folder(::openat(parent, made.name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.valid() && errno == ENOENT) continue;
    if (!folder.valid()) return failed("open a folder for unfinished files");
    made.lock_ = descriptor(::openat(folder.get(), lock_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!made.lock_.valid() && errno == ENOENT) continue;
    if (!made.lock_.valid()) {
      const status problem = failed("make a lock file");
      ::unlinkat(parent, made.name_.c_str(), AT_REMOVEDIR);
      return problem;
    }
    // A file system without locks: nobody will get this one, and the folder stays if its maker dies.
    if (::flock(made.lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) continue;
    if (!still_there(made.lock_.get())) continue;
    made.folder_ = std::move(folder);
    out = std::move(made);
    return {};
  }
  return {errc::transport_failure, 0, "make a folder for unfinished files: each was removed at once"};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "name a folder for unfinished files"};
}

void own_folder::remove() noexcept try {
  if (folder_.valid() && owner_ == ::getpid()) remove_whole(parent_, name_, folder_.get());
  folder_ = descriptor();
  lock_ = descriptor();
} catch (const std::bad_alloc&) {  // it stays until somebody finds its maker dead
}

void remove_folders_of_the_dead(int parent, const std::string& prefix) noexcept try {
  for (const std::string& name : names_in(parent)) {
    if (name.starts_with(prefix + "-")) remove_if_dead(parent, name, prefix.size());
  }
} catch (const std::bad_alloc&) {
}

}  // namespace farhold::file
