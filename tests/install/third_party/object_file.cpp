// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "object_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace folder {

using farhold::errc;
using farhold::status;

namespace {

class descriptor {
 public:
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

status map(const descriptor& file, std::uint64_t size_bytes, int protection, mapped_file& out) noexcept {
  out = mapped_file();
  if (size_bytes == 0) return {};  // which mmap refuses
  void* const at = ::mmap(nullptr, size_bytes, protection, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) return failed(errno, "map the object's file");
  out = mapped_file({static_cast<std::byte*>(at), size_bytes});
  return {};
}

void unmap_pinned(void* at, std::uint64_t size_bytes) noexcept { ::munmap(at, size_bytes); }

}  // namespace

farhold::pin mapped_file::release_as_pin() noexcept {
  const farhold::byte_span bytes = release();
  if (bytes.empty()) return {};
  return {unmap_pinned, bytes.data(), bytes.size()};
}

void mapped_file::unmap(farhold::byte_span bytes) noexcept {
  if (!bytes.empty()) ::munmap(bytes.data(), bytes.size());
}

status create_file(const char* name, std::uint64_t size_bytes, mapped_file& out) noexcept {
  const descriptor file(::open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return failed(errno, "create the object's file");
  // A file with holes would end a writer with SIGBUS when the disk is full.
  const int problem = size_bytes > 0 ? ::posix_fallocate(file.get(), 0, static_cast<off_t>(size_bytes)) : 0;
  const status s = problem != 0 ? failed(problem, "find room for the object's file")
                                : map(file, size_bytes, PROT_READ | PROT_WRITE, out);
  if (!s.ok()) ::unlink(name);
  return s;
}

status open_file(const char* name, std::uint64_t size_bytes, mapped_file& out) noexcept {
  const descriptor file(::open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return failed(errno, "open the object's file");
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return failed(errno, "look at the object's file");
  // The size comes from a key, which anybody may have written.
  if (!S_ISREG(about.st_mode) || static_cast<std::uint64_t>(about.st_size) != size_bytes) {
    return {errc::corrupt, 0, "compare the size of the object's file with its key"};
  }
  return map(file, size_bytes, PROT_READ, out);
}

status failed(int error_number, const char* where) noexcept {
  errc code = errc::transport_failure;
  switch (error_number) {
    case ENOENT: code = errc::not_found; break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EFBIG: code = errc::out_of_memory; break;
    case EACCES:
    case EPERM:
    case ELOOP: code = errc::permission; break;
    default: break;
  }
  return {code, error_number, where};
}

}  // namespace folder
