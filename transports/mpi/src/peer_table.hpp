// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <farhold/transport.hpp>

namespace farhold::mpi::detail {

/// What every rank told the others in `open`: one record of equal size per rank, as MPI_Allgather leaves it.
///
/// Threads   Constant once it is filled.
class peer_table {
 public:
  static constexpr std::size_t max_card_bytes = 256;
  static constexpr std::size_t probe_bytes = 64;

  /// Throws std::bad_alloc.
  void prepare(std::size_t peers, std::size_t largest_card_bytes);
  /// Writes this rank's own record; `memory` is what it exposes.
  void fill_own(byte_view memory, byte_view card) noexcept;

  [[nodiscard]] std::byte* own_record() noexcept { return own_.data(); }
  [[nodiscard]] std::byte* all_records() noexcept { return all_.data(); }
  [[nodiscard]] std::size_t record_bytes() const noexcept { return own_.size(); }

  [[nodiscard]] std::uint64_t exposed_bytes(peer_id peer) const noexcept { return head(peer).exposed_bytes; }
  /// Of the first `probe_bytes` of what the peer exposes.
  [[nodiscard]] std::uint64_t checksum(peer_id peer) const noexcept { return head(peer).checksum; }
  [[nodiscard]] byte_view card(peer_id peer) const noexcept;

  static std::uint64_t checksum_of(byte_view bytes) noexcept;

 private:
  struct record_head {
    std::uint64_t exposed_bytes = 0;
    std::uint64_t checksum = 0;
    std::uint64_t card_bytes = 0;
  };
  [[nodiscard]] record_head head(peer_id peer) const noexcept;

  std::vector<std::byte> own_;
  std::vector<std::byte> all_;
};

}  // namespace farhold::mpi::detail
