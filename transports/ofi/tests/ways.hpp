// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

namespace farhold::test {

inline constexpr const char* scheme = "ofi";
inline constexpr const char* always = "";

/// The producer sends, or a provider reads.
inline constexpr way ways[] = {{"messages", "", "provider=off", "service", "message:4"},
                               {"tcp", "", "provider=tcp", "window", "reading:1"}};
/// Two ports that nobody else uses.
inline constexpr int first_port = 24327;

inline constexpr int ways_that_outlive_kills = 2;

}  // namespace farhold::test
