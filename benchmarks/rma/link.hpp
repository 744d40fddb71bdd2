// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <farhold/key.hpp>
#include <farhold/rma.hpp>

#include "raw_memory.hpp"

// How the rank that measures tells the other one what to do. Pipes and not MPI: the rank that is read from
// must sleep in the kernel meanwhile, and neither MPI has a wait that does.

namespace farhold::bench {

enum class order : std::uint8_t {
  open_store,    // collective
  put,           // answered with the key
  counters,      // answered with what the producer had to do for its readers
  close_store,   // collective
  open_window,   // collective: over the raw memory
  close_window,  // collective
  end,
};

/// What an object is stored as. A vector travels as a run of words, an object as one std::array.
enum class stored : std::uint8_t { vector, object };

struct request {
  order what = order::end;
  same_host host = same_host::automatic;
  farhold::validation validation = farhold::validation::automatic;
  stored form = stored::vector;
  std::uint64_t bytes = 0;  ///< of the object, or of the arena
  std::uint64_t first = 0;  ///< word of the pattern that an object begins with
};

struct answer {
  std::array<std::byte, key::max_encoded_bytes> encoded_key{};  ///< its key
  std::uint64_t service_requests = 0;
  std::uint64_t service_bytes = 0;
};

/// Where the producer's raw memory is, and its ends of the pipes.
struct introduction {
  int requests_fd = -1;
  int answers_fd = -1;
  process_memory memory;
};

/// One direction. Errors    Throw std::system_error, an end of the other side too.
class pipe_end {
 public:
  explicit pipe_end(int fd) noexcept : fd_(fd) {}
  pipe_end(pipe_end&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;
  ~pipe_end();

  void write(const void* from, std::size_t bytes) const;
  void read(void* to, std::size_t bytes) const;

 private:
  int fd_;
};

}  // namespace farhold::bench
