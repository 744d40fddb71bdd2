// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// peer_process ARENA_BYTES GRACE_NS LIMIT_BYTES: a producer in a process of its own, for tests of what other
// processes can read; and a reader that keeps views of what others have.
//
// It has arenas and nothing else: no transport, no thread. It prints its card, then obeys one command per
// line of standard input and answers each with one line. It ends with its input, or with its parent.
//
//   publish|adopt|lend|born LENGTH SEED -> key
//   evict KEY             -> name of the outcome
//   released              -> how many owners were, now that some may be due
//   spoil magic|incarnation|pins_magic|pins_size -> done
//   unsealed              -> descriptor of a copy of the header in a file without seals
//   churn LENGTH COUNT LIVE  publishes COUNT objects, seeds from 0, the key of each on a line; keeps LIVE of
//                         them alive -> done
//   shut                  -> done
//   view CARD KEY         -> name of the outcome; from then on it looks at the object
//   wrong SEED            -> how many bytes of all views do not follow SEED
//   drop                  -> done; it looks at nothing any more
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>

#include "fixtures.hpp"
#include "hexadecimal.hpp"
#include "residents.hpp"
#include "rma/arenas.hpp"
#include "rma/host.hpp"
#include "rma/peer_memory.hpp"
#include "rma/validation.hpp"

namespace {

using namespace farhold;
using namespace farhold::rma;

constexpr std::chrono::seconds patience{10};
std::atomic<int> released{0};

ticket publish(arenas& table, std::uint64_t length, std::uint64_t seed) {
  reservation room;
  if (!table.reserve(length, deadline(patience), room).ok()) return {};
  fill_pattern(room.memory, seed);
  return table.publish(room, type_id{1});
}

ticket adopt(arenas& table, const std::string& how, std::uint64_t length, std::uint64_t seed) {
  auto* const mine = how == "born" ? new user_memory(length, seed, released, table.resource())
                                   : new user_memory(length, seed, released);
  ticket made;
  static_cast<void>(table.adopt(mine->as_resident(how == "lend"), type_id{1}, made));
  return made;
}

void spoil(const arenas& table, const std::string& what) {
  segment_header& header = table.first().header();
  if (what == "magic") header.magic ^= 1;
  if (what == "incarnation") header.incarnation ^= 1;
  if (what == "pins_magic") {
    const std::uint64_t wrong = 1;
    static_cast<void>(::pwrite(header.pins_fd, &wrong, sizeof wrong, 0));
  }
  if (what == "pins_size") {
    const int fd = ::memfd_create("pins", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    static_cast<void>(::ftruncate(fd, pin_layout::segment_bytes - 4096));
    const pin_layout::header head{.incarnation = table.first().description().incarnation,
                                  .processes = process_namespaces()};
    static_cast<void>(::pwrite(fd, &head, sizeof head, 0));
    ::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    header.pins_fd = fd;
  }
}

int copy_without_seals(const arena& memory) {
  const int fd = ::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const auto bytes = memory.memory().size();
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return -1;
  return ::write(fd, memory.memory().data(), 4096) == 4096 ? fd : -1;
}

void churn(arenas& table, std::uint64_t length, std::uint64_t count, std::size_t live) {
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

ticket ticket_of(const std::string& text) {
  ticket object;
  static_cast<void>(ticket::from_key(key_from_hexadecimal(text), object));
  return object;
}

std::vector<memory_landing_ptr> views;

status view(const std::string& card_text, const ticket& object) {
  card description;
  if (const status s = card::decode(from_hexadecimal(card_text), description); !s.ok()) return s;
  const mapping_ptr from = mapping::open(description);
  if (from == nullptr) return {errc::unreachable, 0, "map"};
  views.push_back(make_landing());
  const byte_view block =
      from->arena(object.arena_index()).subspan(object.offset, block_bytes(object.length));
  return show_mapped(block, object, *from, *views.back());
}

std::uint64_t wrong_in_views(std::uint64_t seed) {
  std::uint64_t wrong = 0;
  for (const auto& one : views) wrong += count_wrong(one->payload(), seed);
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 4) return 2;
  options how;
  how.arena_bytes = std::stoull(argv[1]);
  how.grace = std::chrono::nanoseconds(std::stoll(argv[2]));
  how.arena_limit_bytes = std::stoull(argv[3]);
  const arenas_ptr memory(new arenas(random_number()));
  if (!memory->open(how).ok()) return 3;
  arenas& table = *memory;
  std::cout << to_hexadecimal(table.first().description().encode()) << std::endl;

  std::string command, text, more;
  std::uint64_t length = 0, number = 0;
  std::size_t live = 0;
  while (std::cin >> command) {
    if (command == "publish" && std::cin >> length >> number) {
      std::cout << to_hexadecimal(publish(table, length, number).to_key());
    } else if ((command == "adopt" || command == "lend" || command == "born") &&
               std::cin >> length >> number) {
      std::cout << to_hexadecimal(adopt(table, command, length, number).to_key());
    } else if (command == "evict" && std::cin >> text) {
      std::cout << to_string(table.evict(ticket_of(text)).code);
    } else if (command == "released") {
      table.tick();
      std::cout << released;
    } else if (command == "spoil" && std::cin >> text) {
      spoil(table, text);
      std::cout << "done";
    } else if (command == "unsealed") {
      std::cout << copy_without_seals(table.first());
    } else if (command == "churn" && std::cin >> length >> number >> live) {
      churn(table, length, number, live);
      std::cout << "done";
    } else if (command == "shut") {
      table.shut();
      std::cout << "done";
    } else if (command == "view" && std::cin >> text >> more) {
      std::cout << to_string(view(text, ticket_of(more)).code);
    } else if (command == "wrong" && std::cin >> number) {
      std::cout << wrong_in_views(number);
    } else if (command == "drop") {
      views.clear();
      std::cout << "done";
    } else {
      return 4;
    }
    std::cout << std::endl;
  }
  return 0;
}
