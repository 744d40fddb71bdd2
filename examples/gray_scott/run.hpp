// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "options.hpp"
#include "parameters.hpp"
#include "roles.hpp"
#include "route.hpp"

namespace gray_scott {

/// Runs `work` on one rank. If that finds something for the user to put right, it says what, and every rank
/// leaves with `early_exit`. Collective.
void together(const crew& who, int rank, const std::function<void()>& work);

/// What a run starts from; the same on every rank.
struct set_up {
  parameters numbers;
  std::vector<double> seed;
};

/// Rank 0 reads the files, for they may be on its disk only, and tells the others. Collective.
set_up prepared(const crew& who, const options& wanted);

/// What this rank did.
struct work_done {
  findings found;     // on the analysis rank
  traffic forwarded;  // by the dispatcher
  double seconds = 0;
};

/// Simulates, dispatches or analyses, as this rank's role is, with frames written into `directory`.
/// Collective.
work_done work(const crew& who, const set_up& start, frame_route& route,
               const std::filesystem::path& directory, progress_mode mode, const std::string& label);

struct outcome {
  findings found;        // on the analysis rank
  nlohmann::json lines;  // of the table, one for each rank; on rank 0
  double seconds = 0;
};

/// The whole simulation once, its fields going way `w`. Collective.
outcome run(way w, const std::string& label, const crew& who, const options& wanted, const set_up& start);

}  // namespace gray_scott
