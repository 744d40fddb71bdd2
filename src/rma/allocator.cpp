// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "allocator.hpp"

#include <algorithm>
#include <bit>

namespace farhold::rma {

allocator::allocator(std::uint64_t begin, std::uint64_t end, std::uint32_t max_blocks)
    : max_blocks_(max_blocks) {
  for (auto& row : heads_) row.fill(none);
  if (begin >= end || max_blocks == 0) return;
  blocks_.push_back({.offset = begin, .size = end - begin});
  link(0);
}

/// The class that a size belongs to: all its blocks are at least as large as the class's lower bound.
allocator::size_class allocator::class_of(std::uint64_t size) noexcept {
  const std::uint64_t granules = size / granule_bytes;
  if (granules < minors) return {0, static_cast<unsigned>(granules)};
  const unsigned log = static_cast<unsigned>(std::bit_width(granules)) - 1;
  return {log - minor_bits + 1, static_cast<unsigned>(granules >> (log - minor_bits)) & (minors - 1)};
}

/// Of the blocks of one class that fit, one at a low address: what is used gathers at that end, and what is
/// free at the other. The first few are compared, and if none of them fits the next `looks` are tried.
std::uint32_t allocator::find_in(std::uint32_t head, std::uint64_t size, int looks) const noexcept {
  constexpr int compared = 8;
  std::uint32_t best = none;
  std::uint32_t block = head;
  for (int i = 0; block != none && i < (best == none ? looks : compared); ++i, block = blocks_[block].next) {
    if (blocks_[block].size < size) continue;
    if (best == none || blocks_[block].offset < blocks_[best].offset) best = block;
  }
  return best;
}

std::uint32_t allocator::find(std::uint64_t size) const noexcept {
  // In the size's own class a block may be too small: look at some. In each class above, any block fits.
  const size_class own = class_of(size);
  constexpr int some = 32;
  if (const std::uint32_t block = find_in(heads_[own.major][own.minor], size, some); block != none)
    return block;
  const std::uint32_t same_major = own.minor + 1 < minors ? minor_map_[own.major] >> (own.minor + 1) : 0;
  if (same_major != 0) {
    const unsigned minor = own.minor + 1 + static_cast<unsigned>(std::countr_zero(same_major));
    return find_in(heads_[own.major][minor], size, some);
  }
  const std::uint64_t above = major_map_ >> (own.major + 1);
  if (above != 0) {
    const unsigned major = own.major + 1 + static_cast<unsigned>(std::countr_zero(above));
    return find_in(heads_[major][static_cast<unsigned>(std::countr_zero(minor_map_[major]))], size, some);
  }
  // Before the arena is said to be full the own class is worth more than a glance, yet no endless one.
  constexpr int many = 4096;
  return find_in(heads_[own.major][own.minor], size, many);
}

std::uint32_t allocator::new_record() noexcept {
  if (spare_ != none) {
    const std::uint32_t reused = spare_;
    spare_ = blocks_[reused].next;
    return reused;
  }
  if (blocks_.size() >= max_blocks_) return none;
  try {
    blocks_.emplace_back();
  } catch (...) {
    return none;
  }
  return static_cast<std::uint32_t>(blocks_.size() - 1);
}

void allocator::link(std::uint32_t block) noexcept {
  const size_class c = class_of(blocks_[block].size);
  std::uint32_t& head = heads_[c.major][c.minor];
  blocks_[block].free = true;
  blocks_[block].previous = none;
  blocks_[block].next = head;
  if (head != none) blocks_[head].previous = block;
  head = block;
  major_map_ |= std::uint64_t{1} << c.major;
  minor_map_[c.major] |= 1U << c.minor;
  free_bytes_ += blocks_[block].size;
}

void allocator::unlink(std::uint32_t block) noexcept {
  const size_class c = class_of(blocks_[block].size);
  const std::uint32_t previous = blocks_[block].previous;
  const std::uint32_t next = blocks_[block].next;
  if (next != none) blocks_[next].previous = previous;
  if (previous != none) {
    blocks_[previous].next = next;
  } else {
    heads_[c.major][c.minor] = next;
    if (next == none) minor_map_[c.major] &= ~(1U << c.minor);
    if (minor_map_[c.major] == 0) major_map_ &= ~(std::uint64_t{1} << c.major);
  }
  blocks_[block].free = false;
  free_bytes_ -= blocks_[block].size;
}

std::uint32_t allocator::allocate(std::uint64_t bytes) noexcept {
  if (bytes > ~std::uint64_t{0} - granule_bytes) return none;
  const std::uint64_t size =
      std::max<std::uint64_t>((bytes + granule_bytes - 1) / granule_bytes, 1) * granule_bytes;
  const std::uint32_t block = find(size);
  if (block == none) return none;
  unlink(block);
  if (blocks_[block].size > size) {
    // Without a record for the rest the block stays larger than asked for, which is no error.
    if (const std::uint32_t rest = new_record(); rest != none) {
      record& whole = blocks_[block];
      blocks_[rest] = {
          .offset = whole.offset + size, .size = whole.size - size, .before = block, .after = whole.after};
      if (whole.after != none) blocks_[whole.after].before = rest;
      whole.after = rest;
      whole.size = size;
      link(rest);
    }
  }
  return block;
}

/// Makes `block` and the block after it one. The second must be unlinked; its record becomes a spare.
void allocator::absorb_next(std::uint32_t block) noexcept {
  const std::uint32_t gone = blocks_[block].after;
  blocks_[block].size += blocks_[gone].size;
  blocks_[block].after = blocks_[gone].after;
  if (blocks_[block].after != none) blocks_[blocks_[block].after].before = block;
  blocks_[gone].next = spare_;
  spare_ = gone;
}

void allocator::release(std::uint32_t block) noexcept {
  const std::uint32_t after = blocks_[block].after;
  if (after != none && blocks_[after].free) {
    unlink(after);
    absorb_next(block);
  }
  const std::uint32_t before = blocks_[block].before;
  if (before != none && blocks_[before].free) {
    unlink(before);
    absorb_next(before);
    block = before;
  }
  link(block);
}

std::uint64_t allocator::largest_free_bytes() const noexcept {
  if (major_map_ == 0) return 0;
  const unsigned major = static_cast<unsigned>(std::bit_width(major_map_)) - 1;
  const unsigned minor = static_cast<unsigned>(std::bit_width(minor_map_[major])) - 1;
  std::uint64_t largest = 0;
  for (std::uint32_t b = heads_[major][minor]; b != none; b = blocks_[b].next) {
    largest = std::max(largest, blocks_[b].size);
  }
  return largest;
}

}  // namespace farhold::rma
