// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>

#include "object_file.hpp"

namespace farhold::file {

/// Objects that end with their last read.
///
/// Beside the object is a folder "reads/NAME-PLACES". Each read takes a place there, the file of a number
/// that nobody else could create (O_EXCL, which holds on NFS too); brings the bytes; and creates NUMBER.done.
/// Who finds all of those ends the object. When all places are taken and a reader has died, whoever comes
/// next ends it, as soon as the reader's lease is over.
///
/// Threads  All of it, in all processes.
class read_places {
 public:
  static constexpr std::uint32_t most = 1024;  ///< each is a file

  /// `whole` is the folder "farhold", which must stay open.
  read_places(int whole, const object_name& name, std::uint32_t places) noexcept;

  /// Before the object itself is there.
  status make() const noexcept;
  /// `stale`: no place is left, or the object has ended.
  status begin(std::uint32_t& mine) const noexcept;
  /// The bytes have come. `last`: all others' have, too, and the caller ends the object.
  status done(std::uint32_t mine, bool& last) const noexcept;
  void give_back(std::uint32_t mine) const noexcept;
  /// After the object's end.
  void remove() const noexcept;
  /// Whether every place was taken, and every reader is done or has had his time.
  [[nodiscard]] bool used_up() const noexcept;

 private:
  int whole_;
  std::uint32_t places_;
  std::array<char, 64> folder_{};  // from the folder "farhold"
};

/// Removes what is left beside objects that have ended, and ends those whose reads are used up. `objects` is
/// the folder "objects".
void clean_up_reads(int whole, int objects) noexcept;

}  // namespace farhold::file
