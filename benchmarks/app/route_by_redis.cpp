// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "raw_client.hpp"
#include "redis_server.hpp"
#include "route.hpp"

namespace farhold::bench {

namespace {

/// hiredis as its documentation uses it, over the server's unix socket.
class redis_route final : public route {
 public:
  explicit redis_route(const stage& all) {
    std::array<char, 256> place{};
    if (all.rank() == 0) {
      server_.emplace();
      server_->socket().copy(place.data(), place.size() - 1);
    }
    MPI_Bcast(place.data(), static_cast<int>(place.size()), MPI_CHAR, 0, all.comm());
    client_.emplace(place.data());
  }

  void enclose(std::uint64_t item, std::uint64_t item_words, letter& into) override {
    into.write_head(item, 0);
    memory_.resize(item_words);
    fill(memory_.data(), item_words, item * item_words);
    client_->set(name(item), std::as_bytes(std::span(memory_)));
  }
  bool take(const letter& from, std::uint64_t item_words, bool touched) override {
    if (!touched) return true;
    const reply_ptr reply = client_->get(name(from.item()));
    if (reply->len != item_words * sizeof(word)) return false;
    memory_.resize(item_words);
    std::memcpy(memory_.data(), reply->str, reply->len);  // its own memory is aligned for characters only
    return right(memory_.data(), item_words, from.item() * item_words);
  }
  void forget() override { memory_ = {}; }

 private:
  static std::string name(std::uint64_t item) { return "bench:" + std::to_string(item); }

  std::optional<redis::redis_server> server_;  // of rank 0
  std::optional<raw_client> client_;
  std::vector<word> memory_;
};

}  // namespace

std::unique_ptr<route> by_redis(const stage& all) { return std::make_unique<redis_route>(all); }

}  // namespace farhold::bench
