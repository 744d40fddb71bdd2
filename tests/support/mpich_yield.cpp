// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// LD_PRELOADed into the ranks of MPICH (ch4:ucx) in tests: gives the processor away when there has been
// nothing to progress for a while. MPICH 4.0 only ever spins, so ranks that outnumber the cores wait out each
// other's time slices of several milliseconds in every blocking call. Open MPI has mpi_yield_when_idle for
// this. Not at every call: MPICH makes it with the one lock that all threads of a process need, so that
// threads which ask and go, as MPI_Improbe does, would keep the others out for as long as other processes
// run. Nothing else changes.
#include <dlfcn.h>
#include <sched.h>

#include <atomic>

extern "C" unsigned ucp_worker_progress(void* worker) {
  using progress = unsigned (*)(void*);
  static const auto real = reinterpret_cast<progress>(dlsym(RTLD_NEXT, "ucp_worker_progress"));
  static std::atomic<unsigned> idle{0};
  constexpr unsigned calls_per_yield = 64;
  const unsigned events = real(worker);
  if (events == 0 && idle.fetch_add(1, std::memory_order_relaxed) % calls_per_yield == 0) sched_yield();
  return events;
}
