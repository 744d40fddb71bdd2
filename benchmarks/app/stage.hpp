// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <mpi.h>

#include "report.hpp"

namespace farhold::bench {

/// In place of a number: this rank did not count that.
inline constexpr double not_counted = std::numeric_limits<double>::lowest();

/// One way in which all ranks do something together. Each function is called on every rank.
struct joint_body {
  std::string name;
  std::function<void()> prepare = {};  ///< untimed; may be empty
  std::function<void()> run;           ///< on rank 0 it lasts until all is done
  std::function<bool()> verify;        ///< untimed; whether what this rank saw was right
  /// What this rank counted, under the same names on every rank, of which the largest is reported.
  std::function<counts()> count = {};
};

struct joint_comparison {
  std::string name;
  std::vector<joint_body> bodies = {};  ///< the first is the baseline
  goal wanted{};
};

/// All ranks of the program, of which rank 0 measures and the others do as it says.
///
/// Threads   One, of each rank; all calls but the getters are collective.
class stage {
 public:
  /// `to` is null on all ranks but 0.
  stage(const options& how, report* to);
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;
  ~stage();

  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] int ranks() const noexcept { return ranks_; }
  [[nodiscard]] bool quick() const noexcept { return how_.quick; }
  [[nodiscard]] bool one_host() const noexcept { return one_host_; }
  /// For the messages of an application.
  [[nodiscard]] MPI_Comm comm() const noexcept { return comm_; }
  [[nodiscard]] bool wanted(const std::string& name) const;
  /// Where all ranks see the same files.
  [[nodiscard]] std::string shared_folder() const;

  void compare(const joint_comparison& what);
  void not_built(const std::string& name, const std::string& why);
  /// Fails the run unless `right` on all ranks.
  void check(bool right, const std::string& what);
  /// Until all ranks are here, without taking a processor from those who work.
  void rest() const;

 private:
  void lead(const joint_comparison& what);
  void follow(const joint_comparison& what);
  void tell(int order) const;
  [[nodiscard]] int hear() const;
  void start(const joint_body& body) const;
  [[nodiscard]] bool agreed(bool mine) const;
  [[nodiscard]] counts largest(const counts& mine) const;

  const options& how_;
  report* to_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  MPI_Comm orders_ = MPI_COMM_NULL;
  int rank_ = 0;
  int ranks_ = 0;
  bool one_host_ = true;
};

}  // namespace farhold::bench
