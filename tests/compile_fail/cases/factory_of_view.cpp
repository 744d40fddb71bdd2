// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a function that returns a view returns no pin with it
#include "support.hpp"

namespace factory_of_view {

farhold::factory<doubles> right([] { return doubles(3); });
#ifdef FARHOLD_WRONG
farhold::factory<std::span<const double>> wrong([] { return std::span<const double>(); });
#endif

}  // namespace factory_of_view
