// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "seed.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "picture.hpp"

namespace gray_scott {
namespace {

std::size_t cell(const parameters& numbers, int row, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(numbers.columns) +
         static_cast<std::size_t>(column);
}

std::vector<double> empty_grid(const parameters& numbers) {
  return std::vector<double>(static_cast<std::size_t>(numbers.rows) *
                             static_cast<std::size_t>(numbers.columns));
}

}  // namespace

std::vector<double> spot_seed(const parameters& numbers) {
  std::vector<double> seed = empty_grid(numbers);
  std::mt19937_64 random(static_cast<std::uint64_t>(numbers.random_seed));
  // Not std::uniform_int_distribution: its results differ between standard libraries, a seed's should not.
  const auto below = [&random](int bound) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(bound));
  };
  for (int spot = 0; spot < numbers.spots; ++spot) {
    const int radius = 3 + below(4);
    const int row = below(numbers.rows);
    const int column = below(numbers.columns);
    for (int dy = -radius; dy <= radius; ++dy) {
      for (int dx = -radius; dx <= radius; ++dx) {
        if (dx * dx + dy * dy <= radius * radius) {  // the grid is a torus
          seed[cell(numbers, (row + dy + numbers.rows) % numbers.rows,
                    (column + dx + numbers.columns) % numbers.columns)] = 1.0;
        }
      }
    }
  }
  return seed;
}

std::vector<double> picture_seed(const parameters& numbers, const std::filesystem::path& file) {
  const picture original = read_png(file);
  const double scale = std::min(static_cast<double>(numbers.columns) / original.width,
                                static_cast<double>(numbers.rows) / original.height);
  const picture fitted =
      resized(original, std::clamp(static_cast<int>(original.width * scale), 1, numbers.columns),
              std::clamp(static_cast<int>(original.height * scale), 1, numbers.rows));
  const int top = (numbers.rows - fitted.height) / 2;
  const int left = (numbers.columns - fitted.width) / 2;

  std::vector<double> seed = empty_grid(numbers);
  double darkest = 255;
  double lightest = 0;
  for (int y = 0; y < fitted.height; ++y) {
    for (int x = 0; x < fitted.width; ++x) {
      const colour& c = fitted.at(x, y);
      const double luminance = 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue;  // ITU-R BT.709
      seed[cell(numbers, top + y, left + x)] = luminance;
      darkest = std::min(darkest, luminance);
      lightest = std::max(lightest, luminance);
    }
  }
  if (lightest - darkest < 1.0) {
    throw input_error(file.string() +
                      ": has one brightness all over, so nothing would grow; use another picture");
  }
  // Stretched, so that a dark photograph starts a reaction too.
  for (int y = 0; y < fitted.height; ++y) {
    for (int x = 0; x < fitted.width; ++x) {
      double& luminance = seed[cell(numbers, top + y, left + x)];
      luminance = (luminance - darkest) / (lightest - darkest);
    }
  }
  return seed;
}

}  // namespace gray_scott
