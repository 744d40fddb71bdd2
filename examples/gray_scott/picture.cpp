// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <png.h>

#include "parameters.hpp"

namespace gray_scott {
namespace {

png_image blank_image() {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  return image;
}

std::uint8_t rounded(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

/// The mean colour of the rectangle [x0, x1) x [y0, y1), whose edges may cut pixels.
colour mean_colour(const picture& image, double x0, double x1, double y0, double y1) {
  double red = 0;
  double green = 0;
  double blue = 0;
  double area = 0;
  for (int y = static_cast<int>(y0); y < image.height && y < y1; ++y) {
    const double high = std::min(y1, y + 1.0) - std::max(y0, static_cast<double>(y));
    for (int x = static_cast<int>(x0); x < image.width && x < x1; ++x) {
      const double weight = high * (std::min(x1, x + 1.0) - std::max(x0, static_cast<double>(x)));
      const colour& c = image.at(x, y);
      red += weight * c.red;
      green += weight * c.green;
      blue += weight * c.blue;
      area += weight;
    }
  }
  return {rounded(red / area), rounded(green / area), rounded(blue / area)};
}

}  // namespace

picture::picture(int wide, int high, colour fill)
    : width(wide),
      height(high),
      pixels(static_cast<std::size_t>(wide) * static_cast<std::size_t>(high), fill) {}

colour& picture::at(int x, int y) {
  return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
}

const colour& picture::at(int x, int y) const {
  return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
}

picture read_png(const std::filesystem::path& file) {
  png_image image = blank_image();
  if (png_image_begin_read_from_file(&image, file.c_str()) == 0) {
    throw input_error(file.string() + ": cannot be read as a PNG picture (" + image.message +
                      "); give the path of a PNG file");
  }
  image.format = PNG_FORMAT_RGB;
  picture result(static_cast<int>(image.width), static_cast<int>(image.height));
  const png_color background{0, 0, 0};  // where the picture is transparent
  if (png_image_finish_read(&image, &background, result.pixels.data(), 0, nullptr) == 0) {
    throw input_error(file.string() + ": is a damaged PNG picture (" + image.message + ")");
  }
  return result;
}

void write_png(const std::filesystem::path& file, const picture& image) {
  png_image out = blank_image();
  out.width = static_cast<png_uint_32>(image.width);
  out.height = static_cast<png_uint_32>(image.height);
  out.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&out, file.c_str(), 0, image.pixels.data(), 0, nullptr) == 0) {
    throw input_error(file.string() + ": cannot be written (" + out.message +
                      "); choose another place with --output");
  }
}

picture resized(const picture& image, int width, int height) {
  picture result(width, height);
  const double across = static_cast<double>(image.width) / width;
  const double down = static_cast<double>(image.height) / height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      result.at(x, y) = mean_colour(image, x * across, (x + 1) * across, y * down, (y + 1) * down);
    }
  }
  return result;
}

}  // namespace gray_scott
