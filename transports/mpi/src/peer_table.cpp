// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "peer_table.hpp"

#include <algorithm>
#include <cstring>

namespace farhold::mpi::detail {

void peer_table::prepare(std::size_t peers, std::size_t largest_card_bytes) {
  own_.assign(sizeof(record_head) + largest_card_bytes, std::byte{});
  all_.assign(peers * own_.size(), std::byte{});
}

void peer_table::fill_own(byte_view memory, byte_view card) noexcept {
  const record_head h{memory.size(), checksum_of(memory.first(std::min(memory.size(), probe_bytes))),
                      card.size()};
  std::memcpy(own_.data(), &h, sizeof h);
  if (!card.empty()) std::memcpy(own_.data() + sizeof h, card.data(), card.size());
}

byte_view peer_table::card(peer_id peer) const noexcept {
  if (all_.empty()) return {};
  const std::size_t room = own_.size() - sizeof(record_head);
  return {all_.data() + peer * own_.size() + sizeof(record_head),
          std::min<std::size_t>(head(peer).card_bytes, room)};
}

peer_table::record_head peer_table::head(peer_id peer) const noexcept {
  record_head h;
  std::memcpy(&h, all_.data() + peer * own_.size(), sizeof h);
  return h;
}

std::uint64_t peer_table::checksum_of(byte_view bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const std::byte b : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3U;
  return hash;
}

}  // namespace farhold::mpi::detail
