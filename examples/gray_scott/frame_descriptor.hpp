// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

namespace gray_scott {

/// What a letter holds in place of u and v.
enum class content : std::int32_t { tokens, payload };

/// What the analysis must know about a slab, and the dispatcher about a letter. It travels beside the fields.
struct frame_descriptor {
  std::int32_t frame = 0;
  std::int32_t step = 0;
  std::int32_t simulation_rank = 0;
  std::int32_t first_row = 0;
  std::int32_t rows = 0;
  content parts = content::tokens;
  std::uint64_t u_bytes = 0;
  std::uint64_t v_bytes = 0;
};

}  // namespace gray_scott
