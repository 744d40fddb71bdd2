// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// LD_PRELOADed into the ranks of MPICH (ch4:ucx) in tests: gives the processor away whenever there was
// nothing to progress. MPICH 4.0 only ever spins, so ranks that outnumber the cores wait out each other's
// time slices of several milliseconds in every blocking call. Open MPI has mpi_yield_when_idle for this.
// Nothing else changes.
#include <dlfcn.h>
#include <sched.h>

extern "C" unsigned ucp_worker_progress(void* worker) {
  using progress = unsigned (*)(void*);
  static const auto real = reinterpret_cast<progress>(dlsym(RTLD_NEXT, "ucp_worker_progress"));
  const unsigned events = real(worker);
  if (events == 0) sched_yield();
  return events;
}
