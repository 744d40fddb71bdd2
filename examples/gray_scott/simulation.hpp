// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <span>
#include <vector>

#include <mpi.h>

#include "parameters.hpp"

namespace gray_scott {

/// A rank's share of the grid: whole rows, as even as can be.
struct slab {
  int first_row = 0;
  int rows = 0;
};
slab slab_of(int rank, int ranks, int rows);

/// One substance on one slab, with a ghost cell all round.
class field {
 public:
  field(int rows, int columns);
  /// Row -1 and row `rows` are the neighbours' (halo); column 0 of what this points to is the slab's own
  /// first column, with a ghost column on either side.
  double* row(int r);
  const double* row(int r) const;
  /// The torus closes in the direction that is not divided among ranks.
  void wrap_columns(int r);
  /// The slab's own cells, without ghosts.
  std::vector<double> own_cells() const;

 private:
  int rows_;
  int columns_;
  std::vector<double> cells_;
};

/// The Gray-Scott reaction U + 2V -> 3V, V -> P with feed F and kill k (Pearson, Science 261, 1993):
///   du/dt = Du lap(u) - u v^2 + F (1 - u)      dv/dt = Dv lap(v) + u v^2 - (F + k) v
/// by explicit Euler steps, on a torus whose rows are divided among the ranks of `ring`.
class simulation {
 public:
  /// `seed` is the whole grid's.
  simulation(const parameters& numbers, std::span<const double> seed, MPI_Comm ring);

  void step();

  slab where() const { return slab_; }
  std::vector<double> u() const { return u_.own_cells(); }
  std::vector<double> v() const { return v_.own_cells(); }

 private:
  void start_halo_exchange();
  void finish_halo_exchange();
  void update_rows(int first, int last);

  parameters numbers_;
  MPI_Comm ring_;
  slab slab_;
  int above_;
  int below_;
  field u_;
  field v_;
  field next_u_;
  field next_v_;
  std::array<MPI_Request, 8> requests_{};
};

}  // namespace gray_scott
