// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "object.hpp"

#include <charconv>
#include <cstring>
#include <span>

#include <xxhash.h>

namespace farhold::redis {

namespace {

struct identifier {
  std::array<std::byte, 16> name;
  std::uint64_t database;
  std::uint32_t chunk_kib;
  std::uint32_t reads;
  std::uint64_t tag;
};
static_assert(sizeof(identifier) == 40);

std::uint64_t tag_of(identifier id, type_id type, std::uint64_t size_bytes) noexcept {
  struct {
    identifier id;
    std::uint64_t type, size_bytes;
  } all{id, type.value, size_bytes};
  all.id.tag = 0;
  return XXH3_64bits_withSeed(&all, sizeof all, id.database);
}

}  // namespace

key key_of(const object& what, type_id type) {
  identifier id{what.name, what.database, static_cast<std::uint32_t>(what.chunk_bytes >> 10U), what.reads, 0};
  id.tag = tag_of(id, type, what.size_bytes);
  return {type, what.size_bytes, std::as_bytes(std::span(&id, 1))};
}

std::optional<object> object_of(const key& from) noexcept {
  identifier id{};
  if (from.id().size() != sizeof id) return std::nullopt;
  std::memcpy(&id, from.id().data(), sizeof id);
  if (id.tag != tag_of(id, from.type(), from.size_bytes())) return std::nullopt;
  const object named{id.name, id.database, from.size_bytes(), std::uint64_t{id.chunk_kib} << 10U, id.reads};
  if (named.chunk_bytes < least_chunk_bytes || named.chunk_bytes > most_chunk_bytes) return std::nullopt;
  if (named.chunks() > most_chunks) return std::nullopt;
  return named;
}

void chunk_name::begin(const object& of) noexcept {
  constexpr std::string_view prefix = "farhold:{";
  constexpr char digits[] = "0123456789abcdef";
  prefix.copy(text_.data(), prefix.size());
  size_ = prefix.size();
  for (const std::byte b : of.name) {
    text_[size_++] = digits[std::to_integer<unsigned>(b) >> 4U];
    text_[size_++] = digits[std::to_integer<unsigned>(b) & 15U];
  }
  text_[size_++] = '}';
}

chunk_name::chunk_name(const object& of, std::uint64_t chunk) noexcept {
  begin(of);
  if (chunk == 0) return;
  text_[size_++] = ':';
  char* const end = std::to_chars(&text_[size_], text_.data() + text_.size(), chunk).ptr;
  size_ = static_cast<std::size_t>(end - text_.data());
}

chunk_name chunk_name::of_reads(const object& of) noexcept {
  constexpr std::string_view suffix = ":reads";
  chunk_name made;
  made.begin(of);
  suffix.copy(&made.text_[made.size_], suffix.size());
  made.size_ += suffix.size();
  return made;
}

}  // namespace farhold::redis
