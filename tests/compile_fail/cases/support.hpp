// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

// Compiled once, for all cases.

#include <array>
#include <istream>
#include <map>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <farhold/farhold.hpp>

using doubles = std::vector<double>;
using farhold::key;
using farhold::proxy;
using farhold::store;
