// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <farhold/connector.hpp>

#include "place.hpp"

namespace farhold::multi {

/// The connectors beneath, by index: those that were given, and those that proxies name, which are opened
/// when an object is wanted from them.
///
/// Threads   All of it. Looking one up takes no lock once it is open.
class parts {
 public:
  parts() noexcept;
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;
  ~parts();

  void set(std::size_t index, std::unique_ptr<farhold::connector> to) noexcept;
  /// How others open it, or what it is to be opened by.
  void learn(std::size_t index, const std::string& uri);
  /// The proxy of a store with these parts came in. Does nothing the second time.
  void introduce(std::string_view uri) noexcept;

  /// Null if it is not open and cannot be opened; `why` says what is wrong.
  [[nodiscard]] farhold::connector* at(std::size_t index, status& why) noexcept;
  /// Null if it is not open.
  [[nodiscard]] farhold::connector* open_at(std::size_t index) const noexcept {
    return index < most_parts ? slots_[index].load(std::memory_order_acquire) : nullptr;
  }

 private:
  static constexpr std::size_t most_introduced = 256;  // what a stream of forged proxies may make us remember

  std::array<std::atomic<farhold::connector*>, most_parts> slots_{};
  std::mutex mutex_;
  std::array<std::vector<std::string>, most_parts> uris_;  // the first one is what a part is opened by
  const std::uint64_t id_;                                 // of this object, among all of this process
  std::mutex introduced_mutex_;
  std::set<std::string, std::less<>> introduced_;
};

}  // namespace farhold::multi
