// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <filesystem>
#include <vector>

#include "parameters.hpp"

namespace gray_scott {

/// Where the reaction starts: one number from 0 (nothing) to 1 (fully seeded) for each cell of the whole
/// grid. Made on one rank only, so that it does not depend on how many ranks there are.
std::vector<double> spot_seed(const parameters& numbers);

/// The luminance of a picture, scaled to fit inside the grid with its shape kept. Throws input_error.
std::vector<double> picture_seed(const parameters& numbers, const std::filesystem::path& file);

}  // namespace gray_scott
