// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What a producer on the same host shows in its memory: the header with the list of its arenas, its card, and
// the segment for pins. Whatever they say, what is found is mapped whole and can be read to its end.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detail/descriptor.hpp"
#include "rma/host.hpp"
#include "rma/mapping.hpp"
#include "rma/peer_memory.hpp"
#include "rma/segment_file.hpp"

namespace {

using namespace farhold;
using namespace farhold::rma;
using farhold::detail::descriptor;

constexpr std::uint64_t incarnation = 7;
constexpr std::size_t arena_bytes = 8192;

/// Bits of the input's first byte: what is right from the start, which no fuzzer would guess.
enum mended : std::uint8_t {
  header_is_right = 1,
  card_is_right = 2,
  second_is_listed = 4,
  pins_are_listed = 8
};

descriptor sealed_memory(std::size_t bytes) {
  descriptor made(::memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (::ftruncate(made.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(made.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    std::abort();
  }
  return made;
}
void show(const descriptor& segment, std::size_t offset, const void* bytes, std::size_t count) {
  if (::pwrite(segment.get(), bytes, count, static_cast<off_t>(offset)) != static_cast<ssize_t>(count))
    std::abort();
}
template <class T>
T taken_from(byte_view& input) {
  T made{};
  const std::size_t here = std::min(sizeof made, input.size());
  std::memcpy(&made, input.data(), here);
  input = input.subspan(here);
  return made;
}

volatile std::byte sink{};
void expect_readable(byte_view arena) {
  for (const std::byte b : arena) sink = b;
}

void map_all(const card& c) {
  const mapping_ptr found = mapping::open(c);
  if (found == nullptr) return;
  if (found->arena(0).size() != c.segment_bytes || c.segment_bytes != arena_bytes) std::abort();
  for (std::uint32_t i = 0; i <= segment_header::max_arenas; ++i) expect_readable(found->arena(i));
  pin held;
  if (found->pin(1, held) && found->pins_held() == 0) std::abort();
}

void read_all(const card& c) {
  peer_memory found;
  found.meet(c);
  if (found.attach(c, same_host::cma) == peer_memory::access::none) return;
  for (std::uint32_t i = 0; i <= segment_header::max_arenas; ++i) {
    segment_entry entry;
    std::array<std::byte, 64> bytes;
    if (found.find(i, entry).ok())
      static_cast<void>(found.read_at(entry.base_address, bytes.data(), bytes.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned right = data[0];
  byte_view input = std::as_bytes(std::span(data, size)).subspan(1);
  const descriptor first = sealed_memory(arena_bytes), second = sealed_memory(arena_bytes),
                   pins = sealed_memory(pin_layout::segment_bytes);
  auto shown_card = taken_from<std::array<std::byte, card::encoded_bytes>>(input);
  auto pin_head = taken_from<pin_layout::header>(input);
  auto second_head = taken_from<std::array<std::uint64_t, 4>>(input);
  auto head = taken_from<segment_header>(input);

  if ((right & card_is_right) != 0) {
    card c;
    c.incarnation = incarnation;
    c.boot = this_boot();
    c.start_time = start_time(::getpid());
    c.base_address = reinterpret_cast<std::uintptr_t>(&head);
    c.segment_bytes = arena_bytes;
    c.pid = ::getpid();
    c.fd = first.get();
    c.pid_namespace = process_namespaces().pid;
    shown_card = c.encode();
  }
  if ((right & header_is_right) != 0)
    head.magic = segment_header::magic_value, head.incarnation = incarnation,
    head.segment_bytes = arena_bytes;
  if ((right & second_is_listed) != 0) {
    head.arenas[1].fd = second.get();
    head.arenas[1].segment_bytes = arena_bytes;
    second_head = {segment_header::magic_value, incarnation, arena_bytes, second_head[3]};
  }
  if ((right & pins_are_listed) != 0) {
    head.pins_fd = pins.get();
    pin_head.magic = pin_layout::magic_value, pin_head.incarnation = incarnation;
    pin_head.processes = process_namespaces();
  }
  show(first, 0, &head, sizeof head);
  show(first, card::offset_in_segment, shown_card.data(), shown_card.size());
  show(second, 0, second_head.data(), sizeof second_head);
  show(pins, 0, &pin_head, sizeof pin_head);

  card c;
  if (read_card(::getpid(), first.get(), incarnation, c).ok() &&
      (c.pid != ::getpid() || c.fd != first.get() || c.segment_bytes != arena_bytes)) {
    std::abort();
  }
  if (!card::decode(shown_card, c).ok()) return 0;
  map_all(c);
  read_all(c);
  return 0;
}
