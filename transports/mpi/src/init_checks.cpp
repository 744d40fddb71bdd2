// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "init_checks.hpp"

#include <mpi.h>

#include <string>

namespace farhold::mpi::detail {
namespace {

constexpr const char* not_initialized = "MPI is not initialized";
constexpr const char* finalized = "MPI is already finalized";
constexpr const char* no_threads = "MPI was not initialized with MPI_THREAD_MULTIPLE";
constexpr const char* init_call = "call MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided)";

const char* thread_level_name(int level) noexcept {
  switch (level) {
    case MPI_THREAD_SINGLE: return "MPI_THREAD_SINGLE";
    case MPI_THREAD_FUNNELED: return "MPI_THREAD_FUNNELED";
    case MPI_THREAD_SERIALIZED: return "MPI_THREAD_SERIALIZED";
    case MPI_THREAD_MULTIPLE: return "MPI_THREAD_MULTIPLE";
    default: return "an unknown thread level";
  }
}

int thread_level() noexcept {
  int level = MPI_THREAD_SINGLE;
  (void)MPI_Query_thread(&level);
  return level;
}

}  // namespace

bool mpi_is_alive() noexcept {
  int initialized = 0;
  int over = 0;
  (void)MPI_Initialized(&initialized);
  (void)MPI_Finalized(&over);
  return initialized != 0 && over == 0;
}

status mpi_readiness() noexcept {
  int flag = 0;
  (void)MPI_Initialized(&flag);
  if (flag == 0) return {errc::invalid_argument, 0, not_initialized};
  (void)MPI_Finalized(&flag);
  if (flag != 0) return {errc::invalid_argument, 0, finalized};
  const int level = thread_level();
  if (level < MPI_THREAD_MULTIPLE) return {errc::unsupported, level, no_threads};
  return {};
}

void check_mpi_ready() {
  const status found = mpi_readiness();
  if (found.ok()) return;
  const std::string what = found.where;
  if (what == finalized)
    throw error(found.code, what + "; construct and close farhold stores before MPI_Finalize");
  const std::string cure = std::string(init_call) + " before constructing farhold::mpi::connector";
  if (what == not_initialized) throw error(found.code, what + "; " + cure);
  throw error(found.code, what + "; " + cure + "; this process got " + thread_level_name(found.native));
}

}  // namespace farhold::mpi::detail
