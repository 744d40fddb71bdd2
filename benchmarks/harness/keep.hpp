// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

namespace farhold::bench {

/// The compiler must have `value` ready here, and has to take it as read.
template <class T>
inline void keep(const T& value) noexcept {
  asm volatile("" : : "r"(&value) : "memory");
}

/// The compiler may not know what is in memory here any more.
inline void forget() noexcept { asm volatile("" : : : "memory"); }

}  // namespace farhold::bench
