// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "segment_file.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segment.hpp"

namespace farhold::rma {

namespace {

// Without these a file that shrinks could kill its readers with SIGBUS.
constexpr int needed_seals = F_SEAL_SHRINK | F_SEAL_GROW;

status failed_to_open() noexcept {
  const bool forbidden = errno == EACCES || errno == EPERM;
  return {forbidden ? errc::permission : errc::producer_lost, errno,
          forbidden ? "open the producer's memory: the kernel does not let this process look into it"
                    : "open the producer's memory: there is no such process"};
}

}  // namespace

segment_file::~segment_file() {
  if (fd_ >= 0) ::close(fd_);
}

status segment_file::open(pid_t pid, int fd) noexcept {
  if (pid <= 0 || fd < 0)
    return {errc::producer_lost, 0, "open the producer's memory: there is no such process"};
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/fd/%d", pid, fd);
  // Looked at first: opening a pipe to read would wait for a writer, and a device may do anything.
  const int handle = ::open(path.data(), O_PATH | O_CLOEXEC);
  if (handle < 0) return failed_to_open();
  struct stat found {};
  const bool is_file = ::fstat(handle, &found) == 0 && S_ISREG(found.st_mode);
  if (is_file && found.st_uid == ::geteuid()) {
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", handle);
    fd_ = ::open(path.data(), O_RDONLY | O_CLOEXEC);
  }
  const status denied = fd_ < 0 ? failed_to_open() : status{};
  ::close(handle);
  if (!is_file) return {errc::corrupt, 0, "open the producer's memory: what is there is no memory"};
  if (found.st_uid != ::geteuid())
    return {errc::permission, 0, "open the producer's memory: it is another user's"};
  if (fd_ < 0) return denied;
  const int seals = ::fcntl(fd_, F_GET_SEALS);
  if (seals < 0 || (seals & needed_seals) != needed_seals || found.st_size <= 0) {
    return {errc::corrupt, 0, "open the producer's memory: it is not sealed"};
  }
  size_bytes_ = static_cast<std::uint64_t>(found.st_size);
  return {};
}

status read_card(pid_t pid, int fd, std::uint64_t incarnation, card& out) noexcept {
  segment_file file;
  if (const status s = file.open(pid, fd); !s.ok()) return s;
  segment_header header;
  std::array<std::byte, card::encoded_bytes> shown{};
  if (::pread(file.fd(), &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) ||
      ::pread(file.fd(), shown.data(), shown.size(), card::offset_in_segment) !=
          static_cast<ssize_t>(shown.size())) {
    return {errc::corrupt, 0, "read the producer's memory: it is too short"};
  }
  if (header.magic != segment_header::magic_value)
    return {errc::corrupt, 0, "read the producer's memory: it is no arena"};
  if (header.incarnation != incarnation) {
    return {errc::producer_lost, 0,
            "read the producer's memory: another store, or a closed one, has its place"};
  }
  if (const status s = card::decode(shown, out); !s.ok()) return s;
  if (header.segment_bytes != file.size_bytes() || out.segment_bytes != header.segment_bytes ||
      out.incarnation != incarnation || out.pid != pid || out.fd != fd || out.boot != this_boot()) {
    return {errc::corrupt, 0, "read the producer's memory: its header contradicts itself"};
  }
  return {};
}

}  // namespace farhold::rma
