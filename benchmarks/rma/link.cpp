// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "link.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <unistd.h>

namespace farhold::bench {

namespace {

[[noreturn]] void refuse(int code, const std::string& what) {
  throw std::system_error(code, std::generic_category(), what);
}

}  // namespace

pipe_end::~pipe_end() {
  if (fd_ >= 0) ::close(fd_);
}

void pipe_end::write(const void* from, std::size_t bytes) const {
  // Less than PIPE_BUF at a time: in one piece or not at all, pipe(7).
  if (::write(fd_, from, bytes) != static_cast<ssize_t>(bytes)) refuse(errno, "tell the other rank");
}

void pipe_end::read(void* to, std::size_t bytes) const {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::read(fd_, at, bytes);
    if (got <= 0) refuse(got == 0 ? EPIPE : errno, "hear the other rank");
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace farhold::bench
