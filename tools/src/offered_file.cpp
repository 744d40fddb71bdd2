// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "offered_file.hpp"

#include <bit>
#include <random>

#include <farhold/detail/store_core.hpp>
#include <farhold/error.hpp>
#include <farhold/factory.hpp>

namespace farhold::tools {

namespace {

bool is_plain_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

/// Whether it was there to be ended.
bool evict(const std::string& token) {
  const store_factory receipt = store_factory::from_text(token);
  try {
    receipt.open_store()->evict(receipt.object(), {});
    return true;
  } catch (const error& problem) {
    if (problem.kind() == errc::stale || problem.kind() == errc::not_found) return false;
    throw;
  }
}

}  // namespace

std::uint64_t chunk_bytes_of(std::uint64_t file_bytes) noexcept {
  std::uint64_t chunk_bytes = least_chunk_bytes;
  while (chunk_bytes < most_chunk_bytes && file_bytes / chunk_bytes >= most_chunks) chunk_bytes *= 2;
  return chunk_bytes;
}

void check(const offered_file& offered) {
  if (!is_plain_name(offered.name)) throw error(errc::corrupt, "the file in this token has a bad name");
  std::uint64_t left = offered.size_bytes;
  for (const auto& chunk : offered.chunks) {
    const std::uint64_t size_bytes = chunk.valid() ? chunk.size_bytes() : 0;
    if (size_bytes == 0 || size_bytes > most_chunk_bytes || size_bytes > left)
      throw error(errc::corrupt, "the chunks in this token do not make up its file");
    left -= size_bytes;
  }
  if (left != 0) throw error(errc::corrupt, "the chunks in this token do not make up its file");
}

void give_receipt(const offered_file& offered) {
  // Each reader begins somewhere else, so that many do not compete for the same one.
  const std::size_t count = offered.receipts.size();
  const std::size_t first = count == 0 ? 0 : std::random_device()() % count;
  for (std::size_t i = 0; i < count; ++i) {
    if (evict(offered.receipts[(first + i) % count])) return;
  }
}

}  // namespace farhold::tools
