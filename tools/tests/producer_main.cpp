// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// producer_main WHAT: prints a token and serves until its stdin ends. WHAT is an object as a program would
// offer it, or a file as only somebody hostile would.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <farhold/farhold.hpp>

#include "offered_file.hpp"

namespace {

using farhold::tools::file_chunk;
using farhold::tools::offered_file;

struct answer {
  int value;
  int operator()() const { return value; }
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }
};

offered_file file(farhold::store& in, std::string name, std::uint64_t size_bytes) {
  offered_file made{std::move(name), size_bytes, {}, {}};
  made.chunks.push_back(in.proxy(file_chunk(std::size_t{4096}, std::byte{'x'})));
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  farhold::register_factory<answer>("answer/1");
  farhold::store store = farhold::store::open("objects", "shm://");
  const std::vector<std::uint32_t> numbers{1, 2, 3, 0x01020304};
  const std::map<std::string, std::function<std::string()>> all{
      {"numbers", [&] { return store.proxy(std::vector<std::uint32_t>(1000, 7)).to_string(); }},
      {"inlined", [&] { return store.proxy(numbers).to_string(); }},
      {"empty",
       [&] {
         return farhold::store::open("bare", "shm://", {.inline_bytes = 0}).proxy(std::string()).to_string();
       }},
      {"factory", [] { return farhold::proxy<int>(farhold::factory<int>(answer{42})).to_string(); }},
      {"good", [&] { return store.proxy(file(store, "good", 4096)).to_string(); }},
      {"outside", [&] { return store.proxy(file(store, "../outside", 4096)).to_string(); }},
      {"nameless", [&] { return store.proxy(file(store, "", 4096)).to_string(); }},
      {"short", [&] { return store.proxy(file(store, "short", 4097)).to_string(); }},
      {"long", [&] { return store.proxy(file(store, "long", 4095)).to_string(); }},
      {"chunkless",
       [&] {
         return store.proxy(offered_file{"chunkless", std::uint64_t{1} << 60U, {}, {}}).to_string();
       }},
      {"hollow",
       [&] {
         return store.proxy(offered_file{"hollow", 0, {farhold::proxy<file_chunk>()}, {}}).to_string();
       }},
  };
  const auto chosen = argc == 2 ? all.find(argv[1]) : all.end();
  if (chosen == all.end()) return 2;
  std::cout << chosen->second() << std::endl;
  std::cin.get();
  return 0;
}
