// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <mpi.h>

#include "frame_descriptor.hpp"

namespace gray_scott {

enum class mail_tag : int { frame = 1, done = 2 };

/// One slab of one frame on its way: the descriptor, then u, then v, as one MPI message of bytes.
/// The parts are tokens, or the very cells: who only passes letters on need not care.
struct letter {
  frame_descriptor descriptor;
  std::span<const std::byte> u;
  std::span<const std::byte> v;
};
std::vector<std::byte> write_letter(frame_descriptor descriptor, std::span<const std::byte> u,
                                    std::span<const std::byte> v);
/// Views into `message`.
letter read_letter(std::span<const std::byte> message);

void send_bytes(std::span<const std::byte> message, int destination, mail_tag tag, MPI_Comm comm);

/// Receives one message of any length into `message` and returns the rank it came from.
///
/// MPI's own blocking calls spin at full speed. This one and wait_politely() give the core away instead,
/// which is what lets five ranks share the two cores of a laptop.
int receive_bytes(std::vector<std::byte>& message, int source, mail_tag tag, MPI_Comm comm);

void wait_politely(std::span<MPI_Request> requests);

}  // namespace gray_scott
