// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include <farhold/metrics.hpp>
#include <farhold/mpi.hpp>

// The four ways to an object over MPI, and how a test on one host gets each of them.

namespace farhold::conformance {

inline constexpr std::array mpi_paths = {path::mapped, path::cma, path::window, path::service};

inline std::optional<path> mpi_path_named(std::string_view name) {
  for (const path p : mpi_paths) {
    if (to_string(p) == name) return p;
  }
  return std::nullopt;
}

/// Options under which `way` is taken by ranks of one host, if it can be taken at all.
inline mpi::options mpi_options_for(path way) {
  mpi::options how;
  if (way == path::cma) how.same_host = same_host::cma;
  if (way == path::window || way == path::service) how.same_host = same_host::off;
  if (way == path::service) how.window = false;
  return how;
}

inline bool is_open_mpi() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  return std::strstr(text, "Open MPI") != nullptr;
}

}  // namespace farhold::conformance
