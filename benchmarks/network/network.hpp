// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/metrics.hpp>
#include <farhold/rma.hpp>

#include "pattern.hpp"
#include "raw_source.hpp"

// What a network has to be able to do, with farhold and without, to be measured by network_paths.hpp.

namespace farhold::bench {

/// What a reader must know of exposed memory.
struct exposure {
  std::vector<std::byte> address, key;
  std::uint64_t base_address = 0;
  std::uint16_t port = 0;  ///< of a listener at 127.0.0.1, where there is one
};

/// Memory that others can read without farhold, and a thread that sleeps until the network calls: where the
/// process that is read from does the copying.
class raw_exposed {
 public:
  raw_exposed() = default;
  raw_exposed(const raw_exposed&) = delete;
  raw_exposed& operator=(const raw_exposed&) = delete;
  virtual ~raw_exposed() = default;

  [[nodiscard]] virtual exposure about() const = 0;
};

/// Reads from one exposed memory.
///
/// Threads   Several may read at the same time.
class raw_reader : public raw_source {
 public:
  /// All reads under way at the same time: `count` of `bytes` each, one after the other in both memories.
  virtual void read_batch(std::byte* to, std::uint64_t bytes, std::uint64_t count) = 0;
};

/// A process's own end of the network, from which it reads.
///
/// Lifetime  Outlives its readers.
class raw_end {
 public:
  raw_end() = default;
  raw_end(const raw_end&) = delete;
  raw_end& operator=(const raw_end&) = delete;
  virtual ~raw_end() = default;

  /// By the means of that number in `network_way::meetings`.
  [[nodiscard]] virtual std::unique_ptr<raw_reader> meet(const exposure& whom, std::size_t how) = 0;
};

/// One way of using a network: the same for farhold and for the raw side, and in all processes.
class network_way {
 public:
  network_way() = default;
  network_way(const network_way&) = delete;
  network_way& operator=(const network_way&) = delete;
  virtual ~network_way() = default;

  /// Has a process use it: called before all others.
  virtual void settle() const = 0;
  /// What the names of its comparisons begin with.
  [[nodiscard]] virtual std::string name() const = 0;
  /// The path by which every resolve is to come.
  [[nodiscard]] virtual path expected() const = 0;
  /// How a raw reader can meet who it never met, as the table names it. farhold's meeting is compared with
  /// the last one.
  [[nodiscard]] virtual std::vector<std::string> meetings() const = 0;

  [[nodiscard]] virtual std::unique_ptr<connector> make_connector(std::uint64_t arena_bytes,
                                                                  same_host how) const = 0;
  [[nodiscard]] virtual std::unique_ptr<raw_exposed> expose(std::span<word> memory) const = 0;
  [[nodiscard]] virtual std::unique_ptr<raw_end> open_raw() const = 0;
};

}  // namespace farhold::bench
