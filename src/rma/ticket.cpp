// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "ticket.hpp"

#include <array>

#include "../detail/wire.hpp"

namespace farhold::rma {

key ticket::to_key() const {
  std::array<std::byte, id_bytes> id;
  wire::writer to(id.data());
  to.put(incarnation);
  to.put(generation);
  to.put(offset);
  to.put(arena);
  to.put(slot);
  return {type, length, id};
}

status ticket::from_key(const key& object, ticket& out) noexcept {
  if (object.id().size() != id_bytes)
    return {errc::corrupt, 0, "read the ticket: it is not of a one-sided store"};
  wire::reader from(object.id());
  out.incarnation = from.take<std::uint64_t>();
  out.generation = from.take<std::uint64_t>();
  out.offset = from.take<std::uint64_t>();
  out.arena = from.take<std::uint32_t>();
  out.slot = from.take<std::uint32_t>();
  out.length = object.size_bytes();
  out.type = object.type();
  if (out.generation == 0) return {errc::corrupt, 0, "read the ticket: it names no generation"};
  return {};
}

}  // namespace farhold::rma
