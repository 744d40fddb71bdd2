// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>

#include <sys/types.h>

#include "pattern.hpp"
#include "raw_source.hpp"

namespace farhold::bench {

/// Where another process of this host finds the memory.
struct process_memory {
  pid_t pid = 0;
  int fd = -1;
  std::uint64_t bytes = 0;
  std::uint64_t address = 0;
};

/// Memory of the same kind as an arena, a memfd that others can map, with the words of the pattern in it.
class raw_memory {
 public:
  explicit raw_memory(std::uint64_t bytes);
  raw_memory(const raw_memory&) = delete;
  raw_memory& operator=(const raw_memory&) = delete;
  ~raw_memory();

  [[nodiscard]] const process_memory& about() const noexcept { return about_; }
  [[nodiscard]] word* words() const noexcept { return words_; }

 private:
  process_memory about_;
  word* words_ = nullptr;
};

/// memcpy out of a mapping of the memfd.
[[nodiscard]] std::unique_ptr<raw_source> raw_mapped(const process_memory& from);
/// process_vm_readv.
[[nodiscard]] std::unique_ptr<raw_source> raw_cma(const process_memory& from);

/// Opens the file that process `pid` has as `fd`, by which its pipes and memory can be had on the same host.
[[nodiscard]] int open_of_process(pid_t pid, int fd, int flags);

}  // namespace farhold::bench
