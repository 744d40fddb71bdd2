// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/metrics.hpp>

// What a connector has to bring along to be tested. See README.md.

namespace farhold::conformance {

/// The processes that run the suite together, each the same tests in the same order.
///
/// Errors  Both collectives throw if the others do not come in time: a test that ends early on one process
///         must not hang the rest.
class process_group {
 public:
  process_group() = default;
  process_group(const process_group&) = delete;
  process_group& operator=(const process_group&) = delete;
  virtual ~process_group() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  virtual void barrier() = 0;
  /// Gives every process the bytes of `root`; those of the others are ignored.
  [[nodiscard]] virtual std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root) = 0;
};

/// The group of one process.
class alone final : public process_group {
 public:
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 1; }
  void barrier() override {}
  [[nodiscard]] std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int) override { return bytes; }
};

/// What connectors may lack although connector_capabilities does not say so.
enum class feature {
  exact_capacity,   ///< `connect(n)` has room for an object of max_object_bytes, and not for a byte more
  told_restart,     ///< a proxy of a store that was closed and opened again is producer_lost, not just
                    ///< stale or not_found
  silent_producer,  ///< objects are resolved while their producer calls nothing
  expected_path,    ///< resolves take `backend::way`
  one_counter,      ///< all ended objects are counted by their producers, or all by who ended them
};

/// A connector under test.
struct backend {
  std::string name;
  /// Makes a connector with room for `capacity_bytes` of objects of this process. Collective.
  std::function<std::unique_ptr<connector>(std::uint64_t capacity_bytes)> connect;
  /// The path that resolves are expected to take. A process alone resolves its own objects.
  path way = path::local;
  /// What it lacks, and why: tests that need it are skipped and print the reason.
  std::map<feature, std::string> lacks;
};

/// Runs the suite. Arguments are GoogleTest's. Returns what main should: the same on all processes, unless
/// they are out of step.
int run(int& argc, char** argv, process_group& processes, backend tested);

}  // namespace farhold::conformance
