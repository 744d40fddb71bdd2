// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <farhold/key.hpp>
#include <farhold/loan.hpp>
#include <farhold/store.hpp>

#include "input_file.hpp"

namespace farhold::tools {

/// One file in a store: its chunks, and the object that lists them.
///
/// Lifetime  Ends before its store.
/// Threads   One at a time.
/// Errors    Throws `error` and std::system_error; what was stored by then is ended with the store.
class offer {
 public:
  offer(store& in, const std::string& path, bool copy, std::uint32_t reads);

  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  [[nodiscard]] const input_file& file() const noexcept { return file_; }
  /// Whether nothing was copied.
  [[nodiscard]] bool in_place() const noexcept;
  [[nodiscard]] bool withdrawn() const noexcept { return withdrawn_; }

  /// How many have told that they read the file, of those that were asked for.
  std::uint32_t count_reads();

  /// Ends all objects of the file and lets the file go, once those that are reading are done. Throws
  /// `timeout`.
  void withdraw(std::chrono::nanoseconds timeout);

 private:
  store& store_;
  input_file file_;
  std::vector<loan<std::byte>> loans_;
  std::vector<key> objects_;   // the list of chunks first, then chunks that were copied
  std::vector<key> receipts_;  // that nobody gave yet
  std::uint32_t reads_asked_ = 0;
  std::string token_;
  bool withdrawn_ = false;
};

}  // namespace farhold::tools
