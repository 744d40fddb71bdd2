// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

#include <farhold/store.hpp>

namespace farhold::test {

/// How the store of a peer is made: nothing travels inside proxies, and nothing is adopted.
inline const store_options peer_store{.inline_bytes = 0, .adopt_bytes = ~std::size_t{0}};

store open_by_uri(const std::string& uri);

/// A process with a store, for tests (peer.hpp). It obeys one command per line of standard input and answers
/// each with one line; a command that fails is answered by the name of its error and what it says. Ends with
/// its input.
///
///   open URI                 opens the store "shared", by `open`
///   close                    closes it
///   put BYTES OBJECT         the token of a new object
///   evict TOKEN
///   resolve TOKEN BYTES OBJECT [TIMEOUT_MS]    "ok" if the bytes are right, "wrong" if not
///   view TOKEN OBJECT        "ok" or "wrong"; looks at it in place, if that can be, from then on
///   look                     the same again
///   drop                     looks at nothing any more
///   churn BYTES TIMES        puts and evicts so many objects
///   exists TOKEN             yes or no
///   compact TOKEN            the same token, after it has travelled in compact form
///   count COUNTER            of the store's metrics
///   switches                 progress threads, and how often they went to sleep
///   fork COMMAND …           what a forked child answers
///   fork_and_stay            the pid of a child that sleeps
///   exec_and_stay            the same, executed anew
///   become_another           executes another program in this process, and does not answer
///   hide                     becomes a process that others may not look into
///   fds                      descriptors that are open
int obey_commands(store (*open)(const std::string& uri) = &open_by_uri);

}  // namespace farhold::test
