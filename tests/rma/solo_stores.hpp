// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <farhold/store.hpp>

#include "rma/connector.hpp"
#include "rma/engine.hpp"
#include "support/solo_transport.hpp"

namespace farhold::rma {

/// Two stores of one process, over a fabric of threads: all of the one-sided connector without a network.
/// With `same_host::automatic` the consumer maps the producer's segment as another process would.
class solo_stores {
 public:
  using decoration = std::function<std::unique_ptr<transport>(std::unique_ptr<transport>)>;

  explicit solo_stores(const options& wanted, const store_options& of_consumer = {},
                       const decoration& decorate = {}, const test::solo_options& between = {}) {
    auto fabric = std::make_shared<test::solo_fabric>(between);
    const auto open = [&](std::optional<store>& into, peer_id self, const std::string& name) {
      std::unique_ptr<transport> mine = std::make_unique<test::solo_transport>(fabric, self);
      if (decorate) mine = decorate(std::move(mine));
      into.emplace(name, make_connector(std::move(mine), wanted),
                   self == 0 ? store_options{.inline_bytes = 0} : of_consumer);
    };
    // Opening waits for all peers.
    std::thread other([&] { open(producer_, 0, "solo producer"); });
    open(consumer_, 1, "solo consumer");
    other.join();
  }
  solo_stores(const solo_stores&) = delete;
  solo_stores& operator=(const solo_stores&) = delete;
  ~solo_stores() {
    std::thread other([&] { producer_->close(); });
    consumer_->close();
    other.join();
  }

  [[nodiscard]] store& producer() noexcept { return *producer_; }
  [[nodiscard]] store& consumer() noexcept { return *consumer_; }

 private:
  std::optional<store> producer_, consumer_;
};

}  // namespace farhold::rma
