// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The process behind peer.hpp, with the transports that are part of the library.
#include "support/peer_commands.hpp"

int main() { return farhold::test::obey_commands(); }
