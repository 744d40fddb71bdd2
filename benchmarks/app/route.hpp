// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "measure.hpp"
#include "pattern.hpp"
#include "stage.hpp"

namespace farhold {
class store;
}

namespace farhold::bench {

/// What is in a message through the dispatcher: two words of head, and behind them what the route puts there.
struct letter {
  static constexpr std::size_t head_words = 2;
  std::vector<word> words = std::vector<word>(head_words);

  void write_head(std::uint64_t item, std::uint64_t payload_bytes) {
    words[0] = item;
    words[1] = payload_bytes;
  }
  [[nodiscard]] std::uint64_t item() const { return words[0]; }
  [[nodiscard]] std::uint64_t payload_bytes() const { return words[1]; }
  [[nodiscard]] word* body() { return words.data() + head_words; }
  [[nodiscard]] const word* body() const { return words.data() + head_words; }
  [[nodiscard]] std::size_t body_words() const { return words.size() - head_words; }
};

/// How objects of one size get from their producers to their consumers.
///
/// Item i has the words of the common sequence from i times its length on.
class route {
 public:
  route() = default;
  route(const route&) = delete;
  route& operator=(const route&) = delete;
  virtual ~route() = default;

  /// Before a run, on all ranks.
  virtual void begin() {}
  /// Producer: makes the item, and what travels through the dispatcher for it.
  virtual void enclose(std::uint64_t item, std::uint64_t item_words, letter& into) = 0;
  /// Consumer: looks at every word of it if it is touched; whether all were right.
  virtual bool take(const letter& from, std::uint64_t item_words, bool touched) = 0;
  /// After a run, on all ranks: the items are over.
  virtual void forget() {}
  /// For the last run, under the same names on all ranks.
  virtual counts count() { return {}; }
};

/// In the letter itself.
[[nodiscard]] std::unique_ptr<route> by_value();
/// In a file that the letter names, of a folder that all see.
[[nodiscard]] std::unique_ptr<route> by_file(const std::string& folder);
/// A proxy is in the letter. In place: the consumer looks at the producer's memory where it can.
[[nodiscard]] std::unique_ptr<route> by_proxy(store& through, bool in_place);
/// In a Redis server of rank 0's, by hiredis. Null where that is not built. Collective.
[[nodiscard]] std::unique_ptr<route> by_redis(const stage& all);

}  // namespace farhold::bench
