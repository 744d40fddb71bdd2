// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "raw.hpp"

#include <stdexcept>
#include <string>

namespace farhold::bench {

namespace {

void check(int code, const char* what) {
  if (code != MPI_SUCCESS) throw std::runtime_error(std::string(what) + " failed");
}

}  // namespace

raw_window::raw_window() : window_(open_window(nullptr, 0)) {
  check(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all");
}

raw_window::~raw_window() {
  MPI_Win_unlock_all(window_);
  close_window(window_);
}

void raw_window::rget(std::uint64_t offset, std::byte* to, std::uint64_t bytes) {
  const int count = static_cast<int>(bytes);
  MPI_Request pending = MPI_REQUEST_NULL;
  check(MPI_Rget(to, count, MPI_BYTE, 1, static_cast<MPI_Aint>(offset), count, MPI_BYTE, window_, &pending),
        "MPI_Rget");
  for (int done = 0; done == 0;) check(MPI_Test(&pending, &done, MPI_STATUS_IGNORE), "MPI_Test");
}

void raw_window::get(std::uint64_t offset, std::byte* to, std::uint64_t bytes) {
  const int count = static_cast<int>(bytes);
  check(MPI_Get(to, count, MPI_BYTE, 1, static_cast<MPI_Aint>(offset), count, MPI_BYTE, window_), "MPI_Get");
  check(MPI_Win_flush(1, window_), "MPI_Win_flush");
}

MPI_Win open_window(void* memory, std::uint64_t bytes) {
  MPI_Win made = MPI_WIN_NULL;
  check(MPI_Win_create(memory, static_cast<MPI_Aint>(bytes), 1, MPI_INFO_NULL, MPI_COMM_WORLD, &made),
        "MPI_Win_create");
  return made;
}

void close_window(MPI_Win& window) {
  if (window != MPI_WIN_NULL) MPI_Win_free(&window);
}

}  // namespace farhold::bench
