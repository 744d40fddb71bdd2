// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

namespace farhold::test {

inline constexpr const char* scheme = "ucx";
/// UCX would catch signals that the tests send.
inline constexpr const char* always = "UCX_HANDLE_ERRORS=none";

/// What UCX may use. The last one not by itself, see worker.cpp; a user may ask for it.
inline constexpr way ways[] = {
    {"any", "UCX_TLS=all", "", "service", "message:4"},
    {"tcp", "UCX_TLS=tcp,self", "", "service", "message:4"},
    {"memory", "UCX_TLS=posix,sysv,cma,self UCX_POSIX_ERROR_HANDLING=y UCX_SYSV_ERROR_HANDLING=y", "",
     "service", "message:4"}};
/// Those that outlive one who is killed in the middle of a write.
inline constexpr int ways_that_outlive_kills = 2;

/// Two ports that nobody else uses.
inline constexpr int first_port = 24317;

}  // namespace farhold::test
