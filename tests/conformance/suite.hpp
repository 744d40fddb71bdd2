// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "backend.hpp"
#include "outcome.hpp"
#include "pattern.hpp"

// Skips the test on all processes if the backend lacks something, and says why.
#define FARHOLD_CONFORMANCE_NEEDS(what)                                                                     \
  do {                                                                                                      \
    if (const auto reason_ = why_without(what); reason_) GTEST_SKIP() << tested().name << ": " << *reason_; \
  } while (false)

namespace farhold::conformance {

using namespace std::chrono_literals;

/// What every test of the suite starts from.
///
/// Tests are run by all processes in step. Between two collective steps (open, hand_out, barrier, the end)
/// they use EXPECT and not ASSERT, so that a failure on one process leaves it in step.
class suite : public ::testing::Test {
 protected:
  static constexpr std::uint64_t plenty_bytes = std::uint64_t{48} << 20U;
  static const std::chrono::seconds patience;  // patience.hpp

  void SetUp() override;
  void TearDown() override;

  static process_group& group();
  static const backend& tested();
  static int rank() { return group().rank(); }
  static int size() { return group().size(); }
  /// Whether this process looks at objects of `producer`: everybody else does, and a process alone its own.
  static bool consumes(int producer) { return size() == 1 || rank() != producer; }
  static std::optional<std::string> why_without(feature what);

  /// Opens the store of this test. Collective. By default nothing travels inside proxies.
  store& open(store_options options = {.inline_bytes = 0}, std::uint64_t capacity_bytes = plenty_bytes);
  /// Of the connector opened last.
  [[nodiscard]] const connector_capabilities& capabilities() const { return capabilities_; }
  void close();

  static void barrier();
  static std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root);

  /// Gives every process the producer's proxy. Collective.
  template <class T>
  static proxy<T> hand_out(const proxy<T>& p, int producer, token_form form = token_form::compact) {
    const bool mine = rank() == producer;
    const std::vector<std::byte> token =
        broadcast(mine ? p.to_bytes(form) : std::vector<std::byte>(), producer);
    return proxy<T>::from_bytes(token);
  }
  /// Many proxies at once: made by `make(i)` on the producer.
  template <class T, class Make>
  static std::vector<proxy<T>> hand_out_many(std::size_t count, int producer, Make make) {
    std::vector<std::byte> tokens;
    for (std::size_t i = 0; rank() == producer && i < count; ++i)
      append(tokens, make(i).to_bytes(token_form::compact));
    const std::vector<std::byte> all = broadcast(std::move(tokens), producer);
    std::vector<proxy<T>> proxies;
    for (byte_view rest = all; !rest.empty();) proxies.push_back(proxy<T>::from_bytes(take(rest)));
    EXPECT_EQ(proxies.size(), count);
    return proxies;
  }

  /// Each process in turn is the producer. Ends in step.
  template <class Turn>
  static void for_each_producer(Turn&& turn) {
    for (int producer = 0; producer < size(); ++producer) {
      SCOPED_TRACE("producer is rank " + std::to_string(producer));
      turn(producer);
      barrier();
    }
  }

  static void expect_payload(byte_view bytes, std::size_t size_bytes, const origin& of);

 private:
  static void append(std::vector<std::byte>& to, const std::vector<std::byte>& token);
  static byte_view take(byte_view& from);

  std::optional<store> store_;
  connector_capabilities capabilities_;
};

}  // namespace farhold::conformance
