// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite on a Redis server of its own: conformance_main PROCESSES [tcp|unix|chunks] [fault].
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <farhold/fault.hpp>
#include <farhold/redis.hpp>

#include "conformance/forked_group.hpp"
#include "redis_server.hpp"

int main(int argc, char** argv) {
  using namespace farhold::conformance;
  const int size = argc > 1 ? std::atoi(argv[1]) : 0;
  if (size < 1) {
    std::fprintf(stderr, "usage: %s PROCESSES [tcp|unix|chunks] [fault]\n", argv[0]);
    return EXIT_FAILURE;
  }
  bool over_unix = false, faulty = false, chunks = false;
  for (int i = 2; i < argc; ++i) {
    over_unix = over_unix || std::string_view(argv[i]) == "unix";
    chunks = chunks || std::string_view(argv[i]) == "chunks";
    faulty = faulty || std::string_view(argv[i]) == "fault";
  }
  const farhold::redis::redis_server server;
  backend tested;
  tested.name = "redis.np" + std::to_string(size);
  tested.way = farhold::path::storage;
  tested.lacks[feature::exact_capacity] = "its limit is the memory of the server";
  tested.connect = [&](std::uint64_t) {
    farhold::redis::options how;
    if (over_unix) {
      how.unix_path = server.socket();
    } else {
      how.host = "127.0.0.1";
      how.port = server.port();
    }
    if (chunks) how.chunk_bytes = 64U << 10U;
    auto made = farhold::redis::connector(how);
    return faulty ? farhold::fault::connector(std::move(made), {}) : std::move(made);
  };
  return run_forked(size, [&](process_group& group) { return run(argc, argv, group, tested); });
}
