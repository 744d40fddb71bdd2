// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// farhold's conformance suite over the connector: --processes=N.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <conformance/backend.hpp>
#include <conformance/forked_group.hpp>

#include "folder_connector.hpp"

int main(int argc, char** argv) {
  using namespace farhold::conformance;
  constexpr std::string_view flag = "--processes=";
  int processes = 0;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (!argument.starts_with(flag)) continue;
    argument.remove_prefix(flag.size());
    std::from_chars(argument.data(), argument.data() + argument.size(), processes);
  }
  std::string scratch = (std::filesystem::temp_directory_path() / "farhold-folder-XXXXXX").string();
  if (processes < 1 || ::mkdtemp(scratch.data()) == nullptr) {
    std::fprintf(stderr, "usage: %s --processes=N [GoogleTest's options]\n", argv[0]);
    return EXIT_FAILURE;
  }

  backend tested;
  tested.name = "folder.np" + std::to_string(processes);
  tested.connect = [&](std::uint64_t capacity_bytes) {
    return folder::connector(scratch, {.capacity_bytes = capacity_bytes});
  };
  tested.way = farhold::path::mapped;
  const int result =
      run_forked(processes, [&](process_group& group) { return run(argc, argv, group, tested); });
  if (!std::filesystem::is_empty(scratch)) {
    std::fprintf(stderr, "%s is not empty: a closed store has left files\n", scratch.c_str());
    return EXIT_FAILURE;
  }
  std::filesystem::remove_all(scratch);
  return result;
}
