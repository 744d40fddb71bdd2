// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>

#include <sys/types.h>

namespace farhold::rma {

using boot_id = std::array<std::uint64_t, 2>;

/// Identifies this run of this host's kernel; zero if the kernel does not say.
boot_id this_boot() noexcept;

/// When process `pid` started, in clock ticks since boot: with the pid it names a process for good.
/// 0 if there is no such process, or it may not be seen.
std::uint64_t start_time(pid_t pid) noexcept;

/// Whether the process that had `pid` since `start` has ended, a zombie included. False if that cannot be
/// seen.
bool process_ended(pid_t pid, std::uint64_t start) noexcept;

/// The namespace in which this process's pid, and those that it may ask after, are numbers of processes; 0 if
/// that cannot be seen.
std::uint64_t pid_namespace() noexcept;

/// Whether a process has a file in its memory. True if that cannot be seen.
bool maps_file(pid_t pid, dev_t device, ino_t inode) noexcept;

/// Whether this machine is, or may be, virtual: its clocks may then stop while memory does not.
bool under_hypervisor() noexcept;

/// Bytes that can be committed here: what the host has and what the control group allows, the less of both.
std::uint64_t available_memory_bytes() noexcept;

/// A random number that is not 0. Terminates if the kernel has no randomness.
std::uint64_t random_number() noexcept;

}  // namespace farhold::rma
