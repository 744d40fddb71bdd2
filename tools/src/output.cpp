// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "output.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <random>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signals.hpp"
#include "text.hpp"

namespace farhold::tools {

namespace {

/// 0, or why it could not be written.
int write_all(int fd, byte_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return 0;
}

/// A name beside `place` that nobody else uses.
std::filesystem::path beside(const std::filesystem::path& place) {
  std::random_device random;
  return place.parent_path() / fmt::format(".farhold-{:08x}{:08x}.part", random(), random());
}

/// Fails with EEXIST if there is something at `to`.
int move_without_overwriting(const char* from, const char* to) noexcept {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;  // a file system that does not know the flag
  if (::link(from, to) != 0) return errno;
  return ::unlink(from) == 0 ? 0 : errno;
}

}  // namespace

std::unique_ptr<output> stream_output::standard() {
  return std::make_unique<stream_output>(descriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)), "stdout");
}

void stream_output::write(byte_view bytes) {
  const int problem = write_all(to_.get(), bytes);
  if (problem == EPIPE) end_by(SIGPIPE);
  if (problem != 0) throw std::system_error(problem, std::generic_category(), printable(name_));
}

file_output::file_output(std::filesystem::path place, bool overwrite)
    : place_(std::move(place)), unfinished_(beside(place_)), overwrite_(overwrite) {
  file_ = descriptor(::open(unfinished_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file_.valid()) {
    const int problem = errno;
    unfinished_.clear();
    fail(problem);
  }
  struct stat before {};
  if (overwrite_ && ::stat(place_.c_str(), &before) == 0) ::fchmod(file_.get(), before.st_mode & 07777U);
}

file_output::~file_output() {
  if (!unfinished_.empty()) ::unlink(unfinished_.c_str());
}

void file_output::expect(std::uint64_t bytes) {
  expected_bytes_ += bytes;
  if (bytes == 0) return;
  const int problem =
      ::posix_fallocate(file_.get(), static_cast<off_t>(written_bytes_), static_cast<off_t>(bytes));
  if (problem == ENOSPC || problem == EFBIG) fail(problem);
}

void file_output::write(byte_view bytes) {
  if (const int problem = write_all(file_.get(), bytes); problem != 0) fail(problem);
  written_bytes_ += bytes.size();
}

void file_output::commit() {
  // Some file systems say only now that they had no room (close(2)).
  if (const int problem = file_.close(); problem != 0) fail(problem);
  const int problem = overwrite_ ? (::rename(unfinished_.c_str(), place_.c_str()) == 0 ? 0 : errno)
                                 : move_without_overwriting(unfinished_.c_str(), place_.c_str());
  if (problem != 0) fail(problem);
  unfinished_.clear();
}

void file_output::fail(int code) const {
  throw std::system_error(code, std::generic_category(), printable(place_.string()));
}

std::unique_ptr<output> open_output(const std::string& path) {
  struct stat what {};
  if (::stat(path.c_str(), &what) == 0 && !S_ISREG(what.st_mode)) {
    descriptor to(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!to.valid()) throw std::system_error(errno, std::generic_category(), printable(path));
    return std::make_unique<stream_output>(std::move(to), path);
  }
  // Through symbolic links, so that they stay.
  std::error_code problem;
  const auto place = std::filesystem::weakly_canonical(path, problem);
  return std::make_unique<file_output>(problem ? std::filesystem::path(path) : place, true);
}

}  // namespace farhold::tools
