// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "offer.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include <farhold/error.hpp>

#include "offered_file.hpp"

namespace farhold::tools {

offer::offer(store& in, const std::string& path, bool copy, std::uint32_t reads)
    : store_(in), file_(path, copy), reads_asked_(reads) {
  offered_file offered;
  offered.name = file_.name();
  offered.size_bytes = file_.size_bytes();
  const std::uint64_t chunk_bytes = chunk_bytes_of(file_.size_bytes());
  for (auto rest = file_.bytes(); file_.mapped() && !rest.empty();) {
    const auto chunk = rest.first(std::min<std::uint64_t>(rest.size(), chunk_bytes));
    offered.chunks.push_back(loans_.emplace_back(store_.lend(chunk)).proxy<file_chunk>());
    rest = rest.subspan(chunk.size());
  }
  for (auto& piece : file_.pieces())
    offered.chunks.push_back(
        store_.proxy_from_key<file_chunk>(objects_.emplace_back(store_.put(std::move(piece)))));
  file_.pieces().clear();
  for (std::uint32_t i = 0; i < reads; ++i) {
    const auto receipt = store_.proxy(std::byte{});
    receipts_.push_back(receipt.key());
    offered.receipts.push_back(receipt.to_string());
  }
  const auto list = store_.proxy(offered);
  objects_.insert(objects_.begin(), list.key());
  token_ = list.to_string();
}

bool offer::in_place() const noexcept {
  return file_.mapped() && std::ranges::all_of(loans_, [](const auto& loan) { return loan.in_place(); });
}

std::uint32_t offer::count_reads() {
  const std::vector<bool> there = store_.exists_batch(receipts_);
  std::vector<key> left;
  for (std::size_t i = 0; i < receipts_.size(); ++i) {
    if (there[i]) left.push_back(receipts_[i]);
  }
  receipts_ = std::move(left);
  return reads_asked_ - static_cast<std::uint32_t>(receipts_.size());
}

void offer::withdraw(std::chrono::nanoseconds timeout) {
  withdrawn_ = true;
  const auto end = std::chrono::steady_clock::now() + timeout;
  const auto left = [&] {
    return std::max<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now(),
                                              std::chrono::milliseconds(1));
  };
  objects_.insert(objects_.end(), receipts_.begin(), receipts_.end());
  receipts_.clear();
  for (const key& object : std::exchange(objects_, {})) {
    try {
      store_.evict(object, {.timeout = left()});
    } catch (const error& problem) {
      if (problem.kind() != errc::stale) throw;  // a reader ended that receipt just now
    }
  }
  for (auto& loan : loans_) loan.retract({.timeout = left()});
  loans_.clear();
  file_.give_up();
}

}  // namespace farhold::tools
