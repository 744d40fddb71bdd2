// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpi.h>
#include <nlohmann/json.hpp>

#include "analysis.hpp"
#include "roles.hpp"
#include "route.hpp"

namespace gray_scott {

/// One rank's line of the table.
nlohmann::json rank_line(const crew& who, const traffic& handled, double seconds, int steps);

/// Every rank's `mine`, in rank order, on rank 0; nothing elsewhere. Collective.
nlohmann::json gathered(const nlohmann::json& mine, MPI_Comm comm);

nlohmann::json to_json(const frame_statistics& frame);

/// A frame's statistics, as to_json() wrote them, in one line for people.
std::string summary(const nlohmann::json& frame);

/// The lines of one way as text.
std::string table(const std::string& title, double seconds, const nlohmann::json& lines);

/// Says where two runs differ; nothing if they are equal to the last bit.
std::optional<std::string> difference(const std::vector<frame_statistics>& a,
                                      const std::vector<frame_statistics>& b);

}  // namespace gray_scott
