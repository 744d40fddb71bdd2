// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// peer_process ARENA_BYTES GRACE_NS: a producer in a process of its own, for tests of what other processes
// can read.
//
// It has an arena and a block table and nothing else: no transport, no thread. It prints its card, then obeys
// one command per line of standard input and answers each with one line. It ends with its input, or with its
// parent.
//
//   publish LENGTH SEED  -> key        evict KEY     -> name of the outcome
//   spoil magic|incarnation -> done    unsealed      -> descriptor of a copy of the header in a file without
//   seals churn LENGTH COUNT LIVE            publishes COUNT objects, seeds from 0, the key of each on a
//   line; keeps LIVE of
//                                      them alive
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <iostream>
#include <string>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>

#include "fixtures.hpp"
#include "hexadecimal.hpp"
#include "rma/arena.hpp"
#include "rma/blocks.hpp"

namespace {

using namespace farhold;
using namespace farhold::rma;

constexpr std::chrono::seconds patience{10};

ticket publish(blocks& table, std::uint64_t length, std::uint64_t seed) {
  std::uint32_t slot = 0;
  byte_span room;
  if (!table.reserve(length, patience, slot, room).ok()) return {};
  fill_pattern(room, seed);
  return table.publish(slot, length, type_id{1});
}

void spoil(const arena& memory, const std::string& what) {
  segment_header header;
  std::memcpy(&header, memory.memory().data(), sizeof header);
  (what == "magic" ? header.magic : header.incarnation) ^= 1;
  std::memcpy(memory.memory().data(), &header, sizeof header);
}

int copy_without_seals(const arena& memory) {
  const int fd = ::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const auto bytes = memory.memory().size();
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return -1;
  return ::write(fd, memory.memory().data(), 4096) == 4096 ? fd : -1;
}

void churn(blocks& table, std::uint64_t length, std::uint64_t count, std::size_t live) {
  std::deque<ticket> alive;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const ticket made = publish(table, length, seed);
    std::cout << to_hexadecimal(made.to_key()) << '\n' << std::flush;
    alive.push_back(made);
    if (alive.size() <= live) continue;
    static_cast<void>(table.evict(alive.front()));
    alive.pop_front();
  }
  while (!alive.empty()) {
    static_cast<void>(table.evict(alive.front()));
    alive.pop_front();
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 3) return 2;
  const std::uint64_t incarnation = random_number();
  arena memory;
  if (!memory.create(std::stoull(argv[1]), incarnation).ok()) return 3;
  blocks table(memory.memory(), arena::header_bytes, incarnation,
               std::chrono::nanoseconds(std::stoll(argv[2])), {});
  std::cout << to_hexadecimal(memory.description().encode()) << std::endl;

  std::string command, text;
  std::uint64_t length = 0, number = 0;
  std::size_t live = 0;
  while (std::cin >> command) {
    if (command == "publish" && std::cin >> length >> number) {
      std::cout << to_hexadecimal(publish(table, length, number).to_key());
    } else if (command == "evict" && std::cin >> text) {
      ticket object;
      static_cast<void>(ticket::from_key(key_from_hexadecimal(text), object));
      std::cout << to_string(table.evict(object).code);
    } else if (command == "spoil" && std::cin >> text) {
      spoil(memory, text);
      std::cout << "done";
    } else if (command == "unsealed") {
      std::cout << copy_without_seals(memory);
    } else if (command == "churn" && std::cin >> length >> number >> live) {
      churn(table, length, number, live);
      std::cout << "done";
    } else {
      return 4;
    }
    std::cout << std::endl;
  }
  return 0;
}
