// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite over MPI, on one of the paths: --path=mapped, cma, window or service; with --fault through a
// transport that does none.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <farhold/fault.hpp>
#include <farhold/mpi.hpp>

#include "backend.hpp"
#include "mpi_group.hpp"
#include "mpi_paths.hpp"

namespace {

using namespace farhold::conformance;

int run_on(std::string_view path, bool through_fault, int argc, char** argv) {
  mpi_group group(MPI_COMM_WORLD);
  // A launcher of another MPI starts N jobs of one rank, each of which would pass.
  const char* const expected = std::getenv("FARHOLD_TEST_WORLD_SIZE");
  if (expected == nullptr || std::to_string(group.size()) != expected) {
    std::fprintf(stderr, "this job has %d ranks and FARHOLD_TEST_WORLD_SIZE is %s\n", group.size(),
                 expected != nullptr ? expected : "not set");
    return EXIT_FAILURE;
  }
  const auto way = mpi_path_named(path);
  if (!way) {
    std::fprintf(stderr, "usage: %s --path=mapped|cma|window|service [--fault]\n", argv[0]);
    return EXIT_FAILURE;
  }
  backend tested;
  tested.name = "mpi." + std::string(path) + ".np" + std::to_string(group.size());
  tested.way = *way;
  if (*way == farhold::path::window && group.size() == 1 && is_open_mpi()) {
    tested.lacks[feature::expected_path] =
        "Open MPI makes no window for a single rank; its reads go through messages";
  }
  farhold::mpi::options how = mpi_options_for(*way);
  if (through_fault) {
    tested.name += ".fault";
    how.decorate = [](std::unique_ptr<farhold::transport> inner) {
      return farhold::fault::transport(std::move(inner), {});
    };
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
  bool through_fault = false;
  for (int i = 1; i < argc; ++i) {
    through_fault = through_fault || std::string_view(argv[i]) == "--fault";
    if (std::string_view(argv[i]).starts_with(flag)) path = std::string_view(argv[i]).substr(flag.size());
  }
  const int result = run_on(path, through_fault, argc, argv);
  // Ranks that are out of step would wait for each other in MPI_Finalize for ever.
  if (result != EXIT_SUCCESS) MPI_Abort(MPI_COMM_WORLD, result);
  MPI_Finalize();
  return result;
}
