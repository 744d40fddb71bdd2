// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <sys/types.h>

#include "link.hpp"
#include "network.hpp"

namespace farhold::bench {

/// A process of its own, which has nothing in common with the one that measures but two pipes. It does as it
/// is told, and sleeps in read(2) between orders.
///
/// Lifetime  Made before this process has threads. The other one ends with it.
class producer_process {
 public:
  explicit producer_process(const network_way& by);
  producer_process(const producer_process&) = delete;
  producer_process& operator=(const producer_process&) = delete;
  ~producer_process();

  /// Opens its store, and raw memory that has the beginning of the pattern.
  [[nodiscard]] exposure open(std::uint64_t arena_bytes, std::uint64_t raw_bytes) const;
  /// Has an object put, and returns its portable token.
  [[nodiscard]] std::vector<std::byte> put(stored form, std::uint64_t bytes, std::uint64_t first) const;
  /// What it was asked for, and has sent.
  struct served {
    std::uint64_t requests = 0, bytes = 0;
  };
  [[nodiscard]] served counters() const;

 private:
  enum class order : std::uint8_t { open, put, counters };
  struct request {
    order what = order::open;
    stored form = stored::vector;
    std::uint64_t bytes = 0;  // of the object, or of the arena
    std::uint64_t more = 0;   // word of the pattern that it begins with, or bytes of raw memory
  };
  struct answer {
    std::array<std::byte, 2048> bytes{};
    std::uint64_t sizes[2] = {};  // of up to two things in `bytes`
    std::uint64_t numbers[2] = {};

    void append(byte_view what);
    [[nodiscard]] std::vector<std::byte> part(int which) const;
  };
  /// The life of the other process.
  static void obey(const network_way& by, const pipe_end& from, const pipe_end& to);
  [[nodiscard]] answer ask(const request& what) const;

  struct both_pipes;  // as they are made
  producer_process(const network_way& by, const both_pipes& pipes);

  pid_t pid_ = -1;
  pipe_end requests_, answers_;
};

}  // namespace farhold::bench
