// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "raw_memory.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace farhold::bench {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class mapped final : public raw_source {
 public:
  explicit mapped(const process_memory& from) : bytes_(from.bytes) {
    const int fd = open_of_process(from.pid, from.fd, O_RDONLY);
    at_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (at_ == MAP_FAILED) refuse("map raw memory");
  }
  ~mapped() override { ::munmap(at_, bytes_); }

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override {
    std::memcpy(to, static_cast<const std::byte*>(at_) + offset, bytes);
  }
  [[nodiscard]] byte_view view() const noexcept override {
    return {static_cast<const std::byte*>(at_), bytes_};
  }

 private:
  void* at_ = nullptr;
  std::uint64_t bytes_;
};

class cma final : public raw_source {
 public:
  explicit cma(const process_memory& from) : from_(from) {}

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override {
    const iovec here{to, bytes};
    const iovec there{reinterpret_cast<void*>(from_.address + offset), bytes};
    if (::process_vm_readv(from_.pid, &here, 1, &there, 1, 0) != static_cast<ssize_t>(bytes)) {
      refuse("process_vm_readv");
    }
  }

 private:
  process_memory from_;
};

}  // namespace

raw_memory::raw_memory(std::uint64_t bytes) {
  const int fd = ::memfd_create("farhold benchmark", MFD_CLOEXEC);
  if (fd < 0) refuse("make raw memory");
  void* const at = ::ftruncate(fd, static_cast<off_t>(bytes)) != 0
                       ? MAP_FAILED
                       : ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    ::close(fd);
    refuse("map raw memory");
  }
  words_ = static_cast<word*>(at);
  fill(words_, bytes / sizeof(word), 0);
  about_ = {::getpid(), fd, bytes, reinterpret_cast<std::uint64_t>(at)};
}

raw_memory::~raw_memory() {
  ::munmap(words_, about_.bytes);
  ::close(about_.fd);
}

std::unique_ptr<raw_source> raw_mapped(const process_memory& from) { return std::make_unique<mapped>(from); }
std::unique_ptr<raw_source> raw_cma(const process_memory& from) { return std::make_unique<cma>(from); }

int open_of_process(pid_t pid, int fd, int flags) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
  const int opened = ::open(path.c_str(), flags | O_CLOEXEC);
  if (opened < 0) refuse("open " + path + " (both processes must be on one host)");
  return opened;
}

}  // namespace farhold::bench
