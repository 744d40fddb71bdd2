// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "render.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace gray_scott {
namespace {

/// Night sea, reef, sand: dark where there is no v, and rising in lightness all the way.
struct stop {
  double at;
  double red, green, blue;
};
constexpr std::array<stop, 7> stops{{
    {0.00, 9, 12, 34},
    {0.20, 26, 34, 92},
    {0.40, 24, 96, 142},
    {0.58, 52, 160, 150},
    {0.74, 196, 206, 128},
    {0.88, 250, 176, 84},
    {1.00, 255, 226, 160},
}};

colour coloured(double value, double light) {
  const double x = std::clamp(value, 0.0, 1.0);
  std::size_t i = 1;
  while (i + 1 < stops.size() && x > stops[i].at) {
    ++i;
  }
  const stop& a = stops[i - 1];
  const stop& b = stops[i];
  const double t = (x - a.at) / (b.at - a.at);
  const auto channel = [&](double from, double to) {
    return static_cast<std::uint8_t>(std::clamp(std::lround((from + t * (to - from)) * light), 0L, 255L));
  };
  return {channel(a.red, b.red), channel(a.green, b.green), channel(a.blue, b.blue)};
}

/// v between the cells; the grid is a torus.
class sampler {
 public:
  sampler(std::span<const double> v, const parameters& numbers)
      : v_(v), rows_(numbers.rows), columns_(numbers.columns) {}

  double operator()(double row, double column) const {
    const double r = std::floor(row);
    const double c = std::floor(column);
    const double down = row - r;
    const double right = column - c;
    const int r0 = static_cast<int>(r);
    const int c0 = static_cast<int>(c);
    return (1 - down) * ((1 - right) * cell(r0, c0) + right * cell(r0, c0 + 1)) +
           down * ((1 - right) * cell(r0 + 1, c0) + right * cell(r0 + 1, c0 + 1));
  }

 private:
  double cell(int row, int column) const {
    const int r = (row + rows_) % rows_;
    const int c = (column + columns_) % columns_;
    return v_[static_cast<std::size_t>(r) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(c)];
  }

  std::span<const double> v_;
  int rows_;
  int columns_;
};

// Digits of 3 x 5 dots, a row in three bits: all the lettering a contact sheet needs.
constexpr std::array<std::array<std::uint8_t, 5>, 10> digits{{{7, 5, 5, 5, 7},
                                                              {2, 6, 2, 2, 7},
                                                              {7, 1, 7, 4, 7},
                                                              {7, 1, 3, 1, 7},
                                                              {5, 5, 7, 1, 1},
                                                              {7, 4, 7, 1, 7},
                                                              {7, 4, 7, 5, 7},
                                                              {7, 1, 2, 2, 2},
                                                              {7, 5, 7, 5, 7},
                                                              {7, 5, 7, 1, 7}}};

constexpr int thumbnail_width = 288;
constexpr int gap = 14;
constexpr int caption = 22;
constexpr int dot = 2;
constexpr colour paper{13, 15, 24};
constexpr colour ink{176, 186, 200};

void write_number(picture& page, int x, int y, int number) {
  for (const char letter : std::to_string(number)) {
    const auto& rows = digits[static_cast<std::size_t>(letter - '0')];
    for (int py = 0; py < 5 * dot; ++py) {
      for (int px = 0; px < 3 * dot; ++px) {
        if ((rows[static_cast<std::size_t>(py / dot)] >> (2 - px / dot) & 1) != 0) {
          page.at(x + px, y + py) = ink;
        }
      }
    }
    x += 4 * dot;
  }
}

}  // namespace

picture render(std::span<const double> v, const parameters& numbers) {
  const int scale = numbers.frame_scale;
  const sampler at(v, numbers);
  picture frame(numbers.columns * scale, numbers.rows * scale);
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      const double row = (y + 0.5) / scale - 0.5;
      const double column = (x + 0.5) / scale - 0.5;
      const double slope = at(row + 0.7, column + 0.7) - at(row - 0.7, column - 0.7);
      const double light = std::clamp(1.0 + 1.5 * slope / numbers.brightest_v, 0.5, 1.25);
      frame.at(x, y) = coloured(at(row, column) / numbers.brightest_v, light);
    }
  }
  return frame;
}

void contact_sheet::add(const picture& frame, int step) {
  const int height = std::max(1, frame.height * thumbnail_width / frame.width);
  entries_.push_back({resized(frame, thumbnail_width, height), step});
}

picture contact_sheet::finished() const {
  if (entries_.empty()) {
    return {};
  }
  const int count = static_cast<int>(entries_.size());
  const int across = static_cast<int>(std::ceil(std::sqrt(count)));
  const int down = (count + across - 1) / across;
  const int cell_width = thumbnail_width + gap;
  const int cell_height = entries_.front().thumbnail.height + caption + gap;
  picture page(across * cell_width + gap, down * cell_height + gap, paper);
  for (int i = 0; i < count; ++i) {
    const entry& e = entries_[static_cast<std::size_t>(i)];
    const int left = gap + i % across * cell_width;
    const int top = gap + i / across * cell_height;
    for (int y = 0; y < e.thumbnail.height; ++y) {
      std::copy_n(&e.thumbnail.at(0, y), thumbnail_width, &page.at(left, top + y));
    }
    write_number(page, left, top + e.thumbnail.height + 7, e.step);
  }
  return page;
}

}  // namespace gray_scott
