// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <cerrno>
#include <system_error>

namespace farhold::file {

errc meaning_of(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return errc::out_of_memory;
    case EACCES:
    case EPERM:
    case EROFS: return errc::permission;
    case ENOENT:
    case ENOTDIR:
    case EINVAL:
    case ENAMETOOLONG: return errc::invalid_argument;
    case ESTALE: return errc::stale;  // NFS: another host has removed a file that is open here
    case ELOOP:
    case EISDIR:
    case ENXIO: return errc::corrupt;  // a link, folder or socket where an object should be
    case ETIMEDOUT: return errc::timeout;
    default: return errc::transport_failure;
  }
}

status failed(const char* step) noexcept {
  const int error_number = errno;
  return {meaning_of(error_number), error_number, step};
}

std::string cure_of(int error_number, const std::string& directory) {
  const std::string name = "'" + directory + "'";
  switch (error_number) {
    case 0: return {};
    case ENOSPC: return "the file system of " + name + " is full: evict objects or free space there";
    case EDQUOT:
      return "your quota on the file system of " + name + " is used up: evict objects or free space there";
    case EFBIG:
      return "the file system of " + name + " or a limit of this process (ulimit -f) allows no file so large";
    case EMFILE:
    case ENFILE: return "too many files are open; raise the limit (ulimit -n)";
    case EACCES:
    case EPERM: return "this process may not do that in " + name + ": look at its owner and mode";
    case EROFS: return "the file system of " + name + " is mounted read-only";
    case ENOENT:
    case ENOTDIR: return "something in " + name + " was removed by others than farhold; open the store again";
    case ESTALE: return "another host has evicted it";
    default:
      return "the operating system says about " + name + ": " + std::generic_category().message(error_number);
  }
}

}  // namespace farhold::file
