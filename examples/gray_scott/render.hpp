// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <span>
#include <vector>

#include "parameters.hpp"
#include "picture.hpp"

namespace gray_scott {

/// A frame: v of the whole grid as colour, lit from the upper left as if v were height.
picture render(std::span<const double> v, const parameters& numbers);

/// All frames of a run on one page, each with its step written below.
class contact_sheet {
 public:
  void add(const picture& frame, int step);
  picture finished() const;

 private:
  struct entry {
    picture thumbnail;
    int step;
  };
  std::vector<entry> entries_;
};

}  // namespace gray_scott
