// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite over MPI, on one of the paths: --path=mapped, cma, window or service.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <farhold/mpi.hpp>

#include "backend.hpp"
#include "mpi_group.hpp"

namespace {

using namespace farhold::conformance;

bool is_open_mpi() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  return std::strstr(text, "Open MPI") != nullptr;
}

/// Options that leave the wanted path as the only one, or as the first choice; false for an unknown path.
bool choose(std::string_view path, int ranks, farhold::mpi::options& how, backend& tested) {
  if (path == "mapped") {
    tested.way = farhold::path::mapped;
  } else if (path == "cma") {
    tested.way = farhold::path::cma;
    how.same_host = farhold::same_host::cma;
  } else if (path == "window") {
    tested.way = farhold::path::window;
    how.same_host = farhold::same_host::off;
    if (ranks == 1 && is_open_mpi()) {
      tested.lacks[feature::expected_path] =
          "Open MPI makes no window for a single rank; its reads go through messages";
    }
  } else if (path == "service") {
    tested.way = farhold::path::service;
    how.same_host = farhold::same_host::off;
    how.window = false;
  } else {
    return false;
  }
  tested.name = "mpi." + std::string(path) + ".np" + std::to_string(ranks);
  return true;
}

int run_on(std::string_view path, int argc, char** argv) {
  mpi_group group(MPI_COMM_WORLD);
  // A launcher of another MPI starts N jobs of one rank, each of which would pass.
  const char* const expected = std::getenv("FARHOLD_TEST_WORLD_SIZE");
  if (expected == nullptr || std::to_string(group.size()) != expected) {
    std::fprintf(stderr, "this job has %d ranks and FARHOLD_TEST_WORLD_SIZE is %s\n", group.size(),
                 expected != nullptr ? expected : "not set");
    return EXIT_FAILURE;
  }
  backend tested;
  farhold::mpi::options how;
  if (!choose(path, group.size(), how, tested)) {
    std::fprintf(stderr, "usage: %s --path=mapped|cma|window|service\n", argv[0]);
    return EXIT_FAILURE;
  }
  tested.connect = [how](std::uint64_t capacity_bytes) mutable {
    how.arena_bytes = capacity_bytes;
    return farhold::mpi::connector(MPI_COMM_WORLD, how);
  };
  return run(argc, argv, group, tested);
}

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return EXIT_FAILURE;
  constexpr std::string_view flag = "--path=";
  std::string_view path;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with(flag)) path = std::string_view(argv[i]).substr(flag.size());
  }
  const int result = run_on(path, argc, argv);
  // Ranks that are out of step would wait for each other in MPI_Finalize for ever.
  if (result != EXIT_SUCCESS) MPI_Abort(MPI_COMM_WORLD, result);
  MPI_Finalize();
  return result;
}
