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

/// The namespaces in which pids are numbers of processes, and in which those began at some time: two
/// processes with the same ones call a third by the same name. 0 if that cannot be seen.
struct namespaces_of_processes {
  std::uint64_t pid = 0;
  std::uint64_t time = 0;
  friend bool operator==(const namespaces_of_processes&, const namespaces_of_processes&) = default;
};
namespaces_of_processes process_namespaces() noexcept;

/// Whether the process, which lives, has nothing to show because its first thread has ended before the
/// others.
bool first_thread_has_ended(pid_t pid) noexcept;

/// Whether a process has a file in its memory. True if that cannot be seen.
bool maps_file(pid_t pid, dev_t device, ino_t inode) noexcept;

/// Whether this machine is, or may be, virtual: its clocks may then stop while memory does not.
bool under_hypervisor() noexcept;

/// Bytes that can be committed here: what the host has and what the control group allows, the less of both.
std::uint64_t available_memory_bytes() noexcept;

/// A random number that is not 0. Terminates if the kernel has no randomness.
std::uint64_t random_number() noexcept;

}  // namespace farhold::rma
