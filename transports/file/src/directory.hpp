// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>

#include "detail/descriptor.hpp"
#include "object_file.hpp"
#include "own_folder.hpp"

namespace farhold::file {

using farhold::detail::descriptor;

/// The folder "farhold" in a directory of the user's, with all that the stores there share:
///
///     farhold/store                  magic, version and secret of the directory
///     farhold/objects/ab/abcdef…     256 folders of objects, each file whole and never changed
///     farhold/reads/abcdef…-12       of each object whose reads are counted: who has read it
///     farhold/writers/writer-…       of each process that writes: a lock, and files that are not finished
///
/// It is made whole under another name and then renamed, so that of many makers one wins and a killed one
/// leaves nothing half.
///
/// Threads   All of it.
class directory {
 public:
  /// Opens it, makes it if it is not there, and removes what dead writers have left.
  explicit directory(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int whole() const noexcept { return whole_.get(); }
  [[nodiscard]] int objects() const noexcept { return objects_.get(); }
  [[nodiscard]] int writers() const noexcept { return writers_.get(); }
  [[nodiscard]] std::uint64_t secret() const noexcept { return secret_; }
  /// Makes sure that what was renamed or unlinked there survives a power failure.
  [[nodiscard]] status sync_folder_of(const object_path& object) const noexcept;

 private:
  [[noreturn]] void refuse(const status& problem) const;
  void require(const status& outcome) const;
  void make(int root) const;
  void read_secret(int whole);

  std::string path_;
  descriptor whole_;
  descriptor objects_;
  descriptor writers_;
  std::uint64_t secret_ = 0;
};

}  // namespace farhold::file
