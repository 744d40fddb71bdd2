// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <farhold/connector.hpp>

namespace farhold::file {

/// What is at the front of every object's file, so that the payload behind it is aligned like its memory was.
struct object_header {
  static constexpr std::array<char, 8> right_magic = {'f', 'a', 'r', 'h', 'o', 'l', 'd', 'O'};
  static constexpr std::uint32_t right_version = 1;

  std::array<char, 8> magic = right_magic;
  std::uint32_t version = right_version;
  std::uint32_t header_bytes = 64;
  std::uint64_t type = 0;
  std::uint64_t size_bytes = 0;
  std::array<std::byte, 16> name{};  ///< the object's own: a file that was renamed is no object
  std::array<std::byte, 16> reserved{};

  friend bool operator==(const object_header&, const object_header&) = default;
};
static_assert(sizeof(object_header) == 64);

inline constexpr std::uint64_t max_object_bytes = (std::uint64_t{1} << 63U) - 1 - sizeof(object_header);

using object_name = std::array<std::byte, 16>;  ///< random, so never used twice

/// Where the file of an object is in its directory: "ab/abcdef…", 256 folders, so that none gets too large.
struct object_path {
  explicit object_path(const object_name& name) noexcept;
  std::array<char, 36> text{};                                          ///< ends with a 0
  [[nodiscard]] const char* file() const noexcept { return &text[3]; }  ///< without its folder
};

/// The identifier of a key: the object's name, how often it may be read if that is counted, and a tag by
/// which the directory knows the keys it has given out. An object with the right tag that is not there has
/// been evicted; one with another tag was never there.
class key_maker {
 public:
  explicit key_maker(std::uint64_t directory_secret) noexcept : secret_(directory_secret) {}

  /// Throws nothing: the identifier is short.
  [[nodiscard]] key make(const object_name& name, type_id type, std::uint64_t size_bytes,
                         std::uint32_t reads) const;
  /// The name in a key of this directory; none in another one.
  [[nodiscard]] std::optional<object_name> name_in(const key& object) const noexcept;
  /// After how many reads the object of such a key ends; 0: they are not counted.
  [[nodiscard]] static std::uint32_t reads_in(const key& object) noexcept;

 private:
  [[nodiscard]] std::uint64_t tag(const object_name& name, type_id type, std::uint64_t size_bytes,
                                  std::uint32_t reads) const noexcept;

  std::uint64_t secret_;
};

/// Writes a whole object into an empty file.
status write_object(int fd, const object_name& name, type_id type, byte_view payload) noexcept;

/// Reads the object of an open file straight into `where`. Whatever the file holds is taken as hostile.
status read_object(int fd, const object_name& name, const key& object, landing& where,
                   const call_limits& limits) noexcept;

}  // namespace farhold::file
