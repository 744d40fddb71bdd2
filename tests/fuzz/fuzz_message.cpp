// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What arrives from peers: messages of the service, cards, trailers.
#include <cstdint>
#include <cstdlib>

#include "rma/card.hpp"
#include "rma/messages.hpp"
#include "rma/trailer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farhold::rma;
  const farhold::byte_view bytes = std::as_bytes(std::span(data, size));
  message m;
  if (message::decode(bytes, m).ok() && m.payload.size() > bytes.size()) std::abort();
  card c;
  if (card::decode(bytes, c).ok()) {
    card again;
    if (!card::decode(c.encode(), again).ok() || again.incarnation != c.incarnation) std::abort();
  }
  if (size >= sizeof(trailer)) {
    ticket wanted;
    wanted.generation = 1;
    static_cast<void>(compare(load_trailer(bytes.data()), wanted));
  }
  return 0;
}
