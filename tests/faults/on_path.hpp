// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "conformance/mpi_group.hpp"
#include "conformance/mpi_paths.hpp"
#include "conformance/outcome.hpp"
#include "conformance/pattern.hpp"

namespace farhold::faults {

using namespace std::chrono_literals;
using conformance::fails_with;
using conformance::is_open_mpi;
using conformance::origin;
using conformance::outcome;
using conformance::outcome_of;
using conformance::payload;
using bytes = std::vector<std::byte>;

/// What "within the deadline" allows on a machine that has other things to do.
inline constexpr std::chrono::seconds slack{5};
/// What "at once" means: far below the deadlines that tests of it give, far above what it takes.
inline constexpr std::chrono::seconds at_once{2};

/// A store of all ranks whose objects go one certain way. As in the conformance suite, ranks run in step
/// and use EXPECT only.
class on_path : public ::testing::TestWithParam<path> {
 protected:
  void SetUp() override { open(); }
  void TearDown() override {
    if (store_) close();
  }

  static conformance::mpi_group& group() {
    static auto* const all = new conformance::mpi_group(MPI_COMM_WORLD);  // outlives MPI_Finalize, so no free
    return *all;
  }
  static int rank() { return group().rank(); }
  static int size() { return group().size(); }
  static void barrier() { group().barrier(); }

  static mpi::options options() { return conformance::mpi_options_for(GetParam()); }
  void open(std::uint64_t arena_bytes = std::uint64_t{32} << 20U) {
    mpi::options how = options();
    how.arena_bytes = arena_bytes;
    store_.emplace("faults", mpi::connector(MPI_COMM_WORLD, how),
                   store_options{.inline_bytes = 0, .adopt_bytes = ~std::size_t{0}, .timeout = 20s});
  }
  void close() {
    store_->close();
    store_.reset();
  }
  /// Destroys it without a word to the others.
  void forget() { store_.reset(); }
  store& shared() { return *store_; }

  /// Gives all ranks the key of what `producer` put.
  template <class Put>
  key put_by(int producer, Put&& put) {
    bytes encoded;
    if (rank() == producer) {
      const key made = put();
      encoded.resize(made.encoded_bytes());
      made.encode(encoded.data());
    }
    encoded = group().broadcast(std::move(encoded), producer);
    byte_view rest = encoded;
    return key::decode(rest);
  }
  key put_pattern_by(int producer, std::size_t size_bytes, std::uint64_t object) {
    return put_by(producer, [&] {
      return shared().put(payload(size_bytes, {static_cast<std::uint64_t>(producer), object}));
    });
  }
  /// Reads and compares every byte.
  outcome read(const key& object, const origin& of, std::chrono::nanoseconds timeout = 20s) {
    bytes seen;
    outcome result = outcome_of([&] {
      seen = shared().get<bytes>(object, {.timeout = timeout});
      return 0;
    });
    if (result.kind == errc::ok) {
      EXPECT_EQ(seen.size(), object.size_bytes());
      EXPECT_EQ(conformance::first_wrong(seen, of), std::nullopt);
    }
    return result;
  }

 private:
  std::optional<store> store_;
};

inline std::string name_of(const testing::TestParamInfo<path>& chosen) {
  return std::string(to_string(chosen.param));
}

}  // namespace farhold::faults
