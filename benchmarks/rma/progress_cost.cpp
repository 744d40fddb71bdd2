// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What the progress thread costs the rank it lives in. Two numbers, each with and without the thread, rounds
// interleaved, medians with the middle half of the rounds:
//
//   idle     share of one core that a process uses which sleeps with an open store
//   compute  time of a fixed piece of work of rank 0, while rank 1 does nothing, and while rank 1 resolves
//            64 KiB objects of rank 0 through the service as fast as it can
//
//   mpirun -n 2 progress_cost [rounds]
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "processor_use.hpp"

namespace {

using steady = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

double timed_work() {
  const auto begin = steady::now();
  volatile double result = farhold::bench::chained_work(50'000'000);  // about 0.2 s
  static_cast<void>(result);
  return seconds(steady::now() - begin).count();
}

struct quartiles {
  double low, median, high;
};

quartiles summarize(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return {values[n / 4], values[n / 2], values[n - 1 - n / 4]};
}

enum condition : std::size_t { without_thread, with_thread, with_thread_read, conditions };
constexpr std::array<const char*, conditions> names = {"no progress thread", "progress thread, nobody reads",
                                                       "progress thread, read through the service"};

struct round_result {
  double idle_share = 0;
  double compute_seconds = 0;
  std::uint64_t served = 0;
};

round_result run(condition c, int rank) {
  farhold::store store("progress",
                       farhold::mpi::connector(MPI_COMM_WORLD, {.same_host = farhold::same_host::off,
                                                                .window = false,
                                                                .progress_thread = c != without_thread}));
  round_result r;
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // past the thread's warm gear
  const auto before = farhold::bench::processor_use_of(RUSAGE_SELF);
  const auto begin = steady::now();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  r.idle_share = (farhold::bench::processor_use_of(RUSAGE_SELF) - before).seconds /
                 seconds(steady::now() - begin).count();

  farhold::key k;
  if (rank == 0) k = store.put(std::vector<double>(8192, 1.0));
  std::array<std::byte, farhold::key::max_encoded_bytes> encoded{};
  k.encode(encoded.data());
  MPI_Bcast(encoded.data(), static_cast<int>(encoded.size()), MPI_BYTE, 0, MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    r.compute_seconds = timed_work();
    MPI_Ssend(nullptr, 0, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
  } else {
    farhold::byte_view bytes(encoded);
    const farhold::key theirs = farhold::key::decode(bytes);
    // Waits without spinning where it must not disturb; a computing rank answers nothing by itself.
    for (int ended = 0; ended == 0;) {
      if (c == with_thread_read) {
        static_cast<void>(store.get<std::vector<double>>(theirs));
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      MPI_Iprobe(0, 1, MPI_COMM_WORLD, &ended, MPI_STATUS_IGNORE);
    }
    MPI_Recv(nullptr, 0, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  r.served = store.metrics().service_requests;
  store.close();
  return r;
}

}  // namespace

int main(int argc, char** argv) {
  int level = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  if (ranks != 2 || rounds < 1) {
    if (rank == 0) std::fprintf(stderr, "usage: mpirun -n 2 progress_cost [rounds]\n");
    MPI_Finalize();
    return 2;
  }
  std::array<std::vector<double>, conditions> idle, compute;
  std::array<std::uint64_t, conditions> served{};
  for (int i = 0; i < rounds; ++i) {
    for (std::size_t c = 0; c < conditions; ++c) {
      const round_result r = run(static_cast<condition>(c), rank);
      idle[c].push_back(r.idle_share);
      compute[c].push_back(r.compute_seconds);
      served[c] += r.served;
    }
  }
  if (rank == 0) {
    const double base = summarize(compute[without_thread]).median;
    std::printf("%-44s %22s %34s %10s\n", "", "idle, % of a core", "work, ratio to no thread", "served");
    for (std::size_t c = 0; c < conditions; ++c) {
      const quartiles i = summarize(idle[c]);
      const quartiles w = summarize(compute[c]);
      std::printf("%-44s %6.2f (%5.2f … %5.2f) %16.3f (%5.3f … %5.3f) %10llu\n", names[c], 100 * i.median,
                  100 * i.low, 100 * i.high, w.median / base, w.low / base, w.high / base,
                  static_cast<unsigned long long>(served[c]));
    }
  }
  MPI_Finalize();
}
