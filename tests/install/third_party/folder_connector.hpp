// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include <farhold/connector.hpp>
#include <farhold/uri.hpp>

namespace folder {

struct options {
  std::uint64_t capacity_bytes = std::uint64_t{1} << 30U;  ///< of the objects of one process
};

/// A connector that keeps each object in a file: for processes that share a folder, such as one in /dev/shm.
///
/// The folder must be there. Nothing is needed of a producer, and what one that was killed has put stays;
/// `close` ends the objects of its own process.
std::unique_ptr<farhold::connector> connector(const std::filesystem::path& where, const options& how = {});

/// What a URI describes: "folder:///path?capacity=64MiB".
std::unique_ptr<farhold::connector> open(farhold::uri& address);

/// Teaches `farhold::store::open` "folder:///path?capacity=64MiB", and so the proxies of such stores.
void add_scheme();

}  // namespace folder
