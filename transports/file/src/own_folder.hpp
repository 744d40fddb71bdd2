// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include <farhold/error.hpp>

#include "detail/descriptor.hpp"

namespace farhold::file {

using farhold::detail::descriptor;

/// A folder for what one living process has begun and not finished, which others remove when it is dead.
///
/// Alive is who holds the lock (flock) on the file "lock" in the folder: the kernel gives it back at whatever
/// end of the process, tells a process of the same number from it, and is not misled by pid namespaces. Only
/// a process under the same kernel judges, because not every file system shares its locks between hosts
/// (Lustre's localflock, NFS's local_lock). The folder's name says which kernel that is:
/// PREFIX-host-boot-random, each 16 digits. A folder of this host from before its last boot is of the dead
/// for certain.
///
/// Lifetime  Move-only; the end of it removes the folder and what is in it, except in a forked child.
class own_folder {
 public:
  own_folder() = default;
  own_folder(own_folder&& other) noexcept = default;
  own_folder& operator=(own_folder&& other) noexcept = default;
  ~own_folder() { remove(); }

  /// Makes one in the folder `parent`, which must stay open.
  static status make(int parent, const std::string& prefix, own_folder& out) noexcept;
  void remove() noexcept;
  /// It is somebody else's now, or something else: its end leaves it where it is.
  void forget() noexcept { folder_ = descriptor(); }

  [[nodiscard]] bool valid() const noexcept { return folder_.valid(); }
  [[nodiscard]] int fd() const noexcept { return folder_.get(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  int parent_ = -1;
  std::string name_;
  descriptor folder_;
  descriptor lock_;
  pid_t owner_ = 0;
};

/// Removes the folders of that prefix whose makers are dead. What cannot be removed is left for another time.
void remove_folders_of_the_dead(int parent, const std::string& prefix) noexcept;

}  // namespace farhold::file
