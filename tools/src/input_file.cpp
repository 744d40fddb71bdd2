// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "input_file.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offered_file.hpp"
#include "text.hpp"

namespace farhold::tools {

namespace {

[[noreturn]] void fail(int code, const std::string& path) {
  throw std::system_error(code, std::generic_category(), printable(path));
}

}  // namespace

int input_file::lease_signal() noexcept { return SIGRTMIN; }

input_file::input_file(const std::string& path, bool copy) {
  if (path == "-") {
    name_ = "stdin";
    read_all(STDIN_FILENO);
    return;
  }
  name_ = std::filesystem::path(path).filename().string();
  descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) fail(errno, path);
  struct stat what {};
  if (::fstat(file.get(), &what) != 0) fail(errno, path);
  if (S_ISDIR(what.st_mode)) fail(EISDIR, path);
  try {
    if (!copy && S_ISREG(what.st_mode) && map(file.get())) {
      lease_ = std::move(file);
    } else {
      read_all(file.get());
    }
  } catch (const std::system_error& problem) {
    fail(problem.code().value(), path);
  }
}

input_file::~input_file() { give_up(); }

bool input_file::map(int fd) {
  // With a signal number of one's own comes the descriptor, which says which file it is (fcntl(2), F_SETSIG).
  if (::fcntl(fd, F_SETSIG, lease_signal()) != 0 || ::fcntl(fd, F_SETLEASE, F_RDLCK) != 0) return false;
  struct stat what {};
  if (::fstat(fd, &what) != 0)
    throw std::system_error(errno, std::generic_category());  // its size from now on
  size_bytes_ = static_cast<std::uint64_t>(what.st_size);
  if (size_bytes_ == 0) return true;
  mapping_ = ::mmap(nullptr, size_bytes_, PROT_READ, MAP_SHARED, fd, 0);
  if (mapping_ != MAP_FAILED) return true;
  mapping_ = nullptr;
  size_bytes_ = 0;
  ::fcntl(fd, F_SETLEASE, F_UNLCK);
  return false;
}

void input_file::read_all(int fd) {
  for (bool ended = false; !ended;) {
    array<std::byte> piece(least_chunk_bytes);
    std::size_t filled = 0;
    while (filled < piece.size() && !ended) {
      const ssize_t got = ::read(fd, piece.data() + filled, piece.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::system_error(errno, std::generic_category(), name_);
      filled += static_cast<std::size_t>(got);
      ended = got == 0;
    }
    if (filled == 0) break;
    piece.resize(filled);
    size_bytes_ += filled;
    pieces_.push_back(std::move(piece));
  }
}

void input_file::give_up() noexcept {
  if (mapping_ != nullptr) ::munmap(mapping_, size_bytes_);
  mapping_ = nullptr;
  lease_.close();  // closing ends the lease
}

}  // namespace farhold::tools
