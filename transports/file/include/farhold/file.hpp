// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <string>

#include <farhold/connector.hpp>

namespace farhold::file {

struct options {
  /// Where the objects are: a directory that exists. Any number of stores may use it, in any number of
  /// processes and on every host that sees it.
  std::string directory;
  /// A put returns, and an evict too, when it would survive a power failure. Without it both survive the end
  /// of every process, but not that of the operating system.
  bool durable = true;
};

/// Objects as files. They outlive their producers, and stay until somebody evicts them.
///
/// URI: "file:///directory?durable=on". A '?', '%' or '#' of the name, and what is no printable ASCII, is
/// written as %hh.
///
/// Errors  `invalid_argument` if there is no such directory, or it holds what is not farhold's; `permission`.
/// Later:
///         `out_of_memory` if the file system or a quota is full, `stale` for an evicted object, `not_found`
///         for one that this directory never had, `corrupt` for a file that farhold did not write so.
/// Progress  Nothing is needed of the producer. Deadlines are looked at between pieces of a transfer: a call
/// of the
///         operating system that hangs (a hard NFS mount whose server is gone) cannot be ended from outside.
std::unique_ptr<farhold::connector> connector(const options& how);

}  // namespace farhold::file
