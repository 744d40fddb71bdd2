// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "quirks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <vector>

namespace farhold::mpi::detail {
namespace {

/// How many ranks of `comm` are of this process's own MPI_COMM_WORLD; -1 if that can't be found out.
int ranks_of_own_world(MPI_Comm comm) noexcept {
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group world = MPI_GROUP_NULL;
  int size = 0;
  int found = -1;
  try {
    if (MPI_Comm_group(comm, &all) == MPI_SUCCESS && MPI_Comm_group(MPI_COMM_WORLD, &world) == MPI_SUCCESS &&
        MPI_Group_size(all, &size) == MPI_SUCCESS) {
      std::vector<int> ranks(static_cast<std::size_t>(size));
      std::vector<int> there(ranks.size());
      std::iota(ranks.begin(), ranks.end(), 0);
      if (MPI_Group_translate_ranks(all, size, ranks.data(), world, there.data()) == MPI_SUCCESS) {
        found = size - static_cast<int>(std::count(there.begin(), there.end(), MPI_UNDEFINED));
      }
    }
  } catch (const std::bad_alloc&) {
    found = -1;
  }
  if (all != MPI_GROUP_NULL) (void)MPI_Group_free(&all);
  if (world != MPI_GROUP_NULL) (void)MPI_Group_free(&world);
  return found;
}

/// Of this job, on this node; 0 if Open MPI does not say.
int ranks_on_this_node() noexcept {
  const char* const text = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  int ranks = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), ranks);
  return ranks;
}

}  // namespace

bool is_open_mpi_before_5(std::string_view library_version) noexcept {
  constexpr std::string_view start = "Open MPI v";
  if (!library_version.starts_with(start)) return false;
  library_version.remove_prefix(start.size());
  int major = 0;
  std::from_chars(library_version.data(), library_version.data() + library_version.size(), major);
  return major < 5;
}

bool windows_may_collide(MPI_Comm comm) noexcept {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> version{};
  int length = 0;
  if (MPI_Get_library_version(version.data(), &length) != MPI_SUCCESS) return false;
  // All ranks of a job run one MPI, so all go on here, or none.
  if (!is_open_mpi_before_5({version.data(), static_cast<std::size_t>(length)})) return false;

  MPI_Comm node = MPI_COMM_NULL;
  if (MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node) != MPI_SUCCESS) return true;
  (void)MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
  const int here = ranks_of_own_world(node);
  (void)MPI_Comm_free(&node);
  int relation = MPI_UNEQUAL;  // a launcher other than mpirun may leave the number of ranks here unsaid
  if (MPI_Comm_compare(comm, MPI_COMM_WORLD, &relation) == MPI_SUCCESS && relation != MPI_UNEQUAL)
    return false;
  return here < 0 || here != ranks_on_this_node();
}

}  // namespace farhold::mpi::detail
