// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite on files: conformance_main PROCESSES [durable] [fault]. The directory is in
// $FARHOLD_FILE_TEST_PARENT, or else where temporary files are.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <farhold/fault.hpp>
#include <farhold/file.hpp>

#include "forked_group.hpp"
#include "support/scratch.hpp"

namespace {

using namespace farhold::conformance;

int run_with(forked_group& group, const std::string& directory, bool durable, bool faulty, int argc,
             char** argv) {
  backend tested;
  tested.name = "file.np" + std::to_string(group.size());
  tested.way = farhold::path::storage;
  tested.lacks[feature::exact_capacity] = "its limit is the file system";
  tested.connect = [&](std::uint64_t) {
    auto made = farhold::file::connector({.directory = directory, .durable = durable});
    return faulty ? farhold::fault::connector(std::move(made), {}) : std::move(made);
  };
  return run(argc, argv, group, tested);
}

}  // namespace

int main(int argc, char** argv) {
  int size = argc > 1 ? std::atoi(argv[1]) : 0;
  if (size < 1) {
    std::fprintf(stderr, "usage: %s PROCESSES [durable] [fault]\n", argv[0]);
    return EXIT_FAILURE;
  }
  bool durable = false, faulty = false;
  for (int i = 2; i < argc; ++i) {
    durable = durable || std::string_view(argv[i]) == "durable";
    faulty = faulty || std::string_view(argv[i]) == "fault";
  }
  forked_group group(size);
  farhold::test::scratch own;  // one of each process, of which the first one's is used
  const auto name = std::as_bytes(std::span(own.path()));
  const auto agreed = group.broadcast({name.begin(), name.end()}, 0);
  const std::string directory(reinterpret_cast<const char*>(agreed.data()), agreed.size());
  int result = run_with(group, directory, durable, faulty, argc, argv);
  if (group.rank() == 0 && !group.join()) result = EXIT_FAILURE;
  return result;
}
