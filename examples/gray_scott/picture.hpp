// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace gray_scott {

struct colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};
static_assert(sizeof(colour) == 3, "pixels are handed to libpng as they lie");

/// An RGB picture, row by row from the top.
struct picture {
  int width = 0;
  int height = 0;
  std::vector<colour> pixels;

  picture() = default;
  picture(int wide, int high, colour fill = {});

  colour& at(int x, int y);
  const colour& at(int x, int y) const;
};

/// Throws input_error that names the file and what libpng said.
picture read_png(const std::filesystem::path& file);
void write_png(const std::filesystem::path& file, const picture& image);

/// `image` at another size; every new pixel is the mean of what it covers.
picture resized(const picture& image, int width, int height);

}  // namespace gray_scott
