// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <nlohmann/json_fwd.hpp>

namespace gray_scott {

/// What the user can put right: the message names the file, the key and the cure.
class input_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Every number of a run. The defaults make a small one; demo.json is larger.
struct parameters {
  int columns = 384;
  int rows = 256;
  int steps = 9600;
  int frame_every = 400;
  int frames_in_flight = 2;  // a producer may be this many frames ahead of the analysis
  int frame_scale = 2;       // pixels per cell, each way, in the frames
  int spots = 24;            // of the seed, where there is no seed picture
  int random_seed = 7;
  double feed = 0.0545;
  double kill = 0.062;
  double diffusion_u = 1.0;
  double diffusion_v = 0.5;
  double time_step = 1.0;
  double active_above = 0.1;  // a cell with more v than this counts as active
  double brightest_v = 0.38;  // the v at the bright end of the colour map
};
static_assert(std::is_trivially_copyable_v<parameters>, "rank 0 broadcasts it as bytes");

struct parameter_file {
  parameters numbers;
  std::filesystem::path seed_image;  // empty: seed with spots
};

/// Reads and checks `file`. An empty path gives the defaults. Throws input_error.
parameter_file read_parameters(const std::filesystem::path& file);

/// The parameters by their names, for the report.
nlohmann::json to_json(const parameters& numbers);

}  // namespace gray_scott
