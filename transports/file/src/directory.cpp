// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "directory.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counted.hpp"
#include "errors.hpp"
#include "rma/host.hpp"

namespace farhold::file {

namespace {

constexpr const char* whole_name = "farhold";
constexpr const char* unfinished_prefix = "farhold.unfinished";
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

struct store_file {
  static constexpr std::array<char, 8> right_magic = {'f', 'a', 'r', 'h', 'o', 'l', 'd', 'S'};
  static constexpr std::uint64_t right_version = 1;

  std::array<char, 8> magic = right_magic;
  std::uint64_t version = right_version;
  std::uint64_t secret = 0;
};
static_assert(sizeof(store_file) == 24);

status synced(int fd) noexcept { return ::fsync(fd) == 0 ? status{} : failed("make a folder durable"); }

/// What a whole folder has, in one that nobody else looks at yet.
status furnish(int folder) noexcept {
  if (::mkdirat(folder, "writers", 0777) != 0 || ::mkdirat(folder, "objects", 0777) != 0) {
    return failed("make the folder of objects");
  }
  const descriptor objects(::openat(folder, "objects", folder_flags));
  if (!objects.valid()) return failed("open the folder of objects");
  for (unsigned i = 0; i < 256; ++i) {
    std::array<char, 3> name{};
    std::snprintf(name.data(), name.size(), "%02x", i);
    if (::mkdirat(objects.get(), name.data(), 0777) != 0) return failed("make the folder of objects");
  }
  if (const status s = synced(objects.get()); !s.ok()) return s;
  store_file content;
  content.secret = rma::random_number();
  descriptor file(::openat(folder, "store", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file.valid() || ::write(file.get(), &content, sizeof content) != ssize_t{sizeof content} ||
      ::fsync(file.get()) != 0 || file.close() != 0) {
    return failed("write the file that describes the store");
  }
  return synced(folder);
}

}  // namespace

directory::directory(std::string path) : path_(std::move(path)) {
  const descriptor root(::open(path_.c_str(), folder_flags));
  if (!root.valid()) refuse(failed("open the directory"));
  descriptor whole(::openat(root.get(), whole_name, folder_flags));
  if (!whole.valid() && errno == ENOENT) {
    make(root.get());
    whole = descriptor(::openat(root.get(), whole_name, folder_flags));
  }
  if (!whole.valid()) refuse(failed("open its folder 'farhold'"));
  read_secret(whole.get());
  objects_ = descriptor(::openat(whole.get(), "objects", folder_flags));
  writers_ = descriptor(::openat(whole.get(), "writers", folder_flags));
  if (!objects_.valid() || !writers_.valid()) refuse(failed("open the folders in 'farhold'"));
  remove_folders_of_the_dead(root.get(), unfinished_prefix);
  remove_folders_of_the_dead(writers_.get(), "writer");
  clean_up_reads(whole.get(), objects_.get());
  whole_ = std::move(whole);
}

void directory::make(int root) const {
  own_folder unfinished;
  require(own_folder::make(root, unfinished_prefix, unfinished));
  require(furnish(unfinished.fd()));
  if (::renameat(root, unfinished.name().c_str(), root, whole_name) == 0) {
    ::unlinkat(unfinished.fd(), "lock", 0);
    unfinished.forget();
    require(synced(root));
  } else if (errno != ENOTEMPTY && errno != EEXIST) {  // somebody else was first: that is as good
    refuse(failed("name the folder of the store"));
  }
}

void directory::read_secret(int whole) {
  store_file found;
  found.magic = {};
  const descriptor file(::openat(whole, "store", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() && errno != ENOENT) refuse(failed("open 'farhold/store'"));
  const bool all = file.valid() && ::read(file.get(), &found, sizeof found) == ssize_t{sizeof found};
  if (!all || found.magic != store_file::right_magic) {
    throw error(errc::invalid_argument, "the directory '" + path_ +
                                            "' has a folder 'farhold' that is no store of this library; "
                                            "choose another directory");
  }
  if (found.version != store_file::right_version) {
    throw error(errc::unsupported, "the store in '" + path_ + "' is of version " +
                                       std::to_string(found.version) +
                                       ", this library knows version 1; use the library that wrote it");
  }
  secret_ = found.secret;
}

status directory::sync_folder_of(const object_path& object) const noexcept {
  const std::array<char, 3> name{object.text[0], object.text[1], 0};
  const descriptor folder(::openat(objects_.get(), name.data(), folder_flags));
  if (!folder.valid()) return failed("open a folder of objects");
  return synced(folder.get());
}

void directory::require(const status& outcome) const {
  if (!outcome.ok()) refuse(outcome);
}

void directory::refuse(const status& problem) const {
  std::string text = "cannot use the directory '" + path_ + "': " + problem.where;
  if (problem.native == ENOENT || problem.native == ENOTDIR) {
    text += "; it must be a directory that exists: make it first, on a file system that all hosts see";
  } else {
    text += "; " + cure_of(problem.native, path_);
  }
  throw error(problem.code, text);
}

}  // namespace farhold::file
