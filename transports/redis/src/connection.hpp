// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "request.hpp"
#include "stream.hpp"

namespace farhold::redis {

/// What a server answers, without the bytes of a bulk string, which are read next.
struct reply {
  enum class kind : std::uint8_t { text, error, number, bulk, nil, array };
  kind what = kind::nil;
  std::int64_t number = 0;  ///< of a number; length of a bulk string or array
  status problem;           ///< of an error
};

/// One conversation with a server. Whatever the server says is taken as hostile: lines and lengths are
/// bounded, and nothing is allocated for them.
///
/// Threads  One at a time.
/// Errors   After one of its own calls has failed it is not `usable`. An error that the server tells is a
///          reply like others.
class connection {
 public:
  struct identity {
    std::string user;
    std::string password;
    std::uint32_t database = 0;
  };

  /// Connects, says who we are, and learns or makes the database's own number.
  static status open(const server& to, const identity& who, const patience& caller,
                     std::unique_ptr<connection>& out) noexcept;

  /// Nothing went wrong, and nothing that was asked is unanswered.
  [[nodiscard]] bool usable() const noexcept { return usable_ && awaited_ == 0 && begin_ == end_; }
  /// Whether its own calls have failed, so that what it says next means nothing.
  [[nodiscard]] bool is_spoiled() const noexcept { return !usable_; }
  /// Whether it can be used after a while of silence.
  [[nodiscard]] bool still_good() const noexcept { return usable() && !stream_.disturbed(); }
  /// A random number that is in the database: another one means another database, or one that lost its
  /// memory.
  [[nodiscard]] std::uint64_t database_id() const noexcept { return database_id_; }

  /// An empty one, to be filled and sent.
  [[nodiscard]] request& begin() noexcept {
    request_.clear();
    return request_;
  }
  status send(const patience& caller) noexcept;
  status read(reply& out, const patience& caller) noexcept;
  /// The bytes of a bulk string, all of them, straight into `to` but for what has arrived already.
  status read_bytes(byte_span to, const patience& caller) noexcept;
  /// A reply that must be a number.
  status read_number(std::int64_t& out, const patience& caller) noexcept;
  /// A reply that must be "OK" or another such text.
  status read_ok(const patience& caller) noexcept;

 private:
  static constexpr std::size_t buffer_bytes = 16'384;
  static constexpr std::size_t longest_line = 4096;
  static constexpr std::int64_t longest_bulk = std::int64_t{512} << 20U;

  status introduce(const identity& who, const patience& caller) noexcept;
  status read_line(std::string_view& line, const patience& caller) noexcept;
  status fill(const patience& caller) noexcept;
  status spoiled(const status& why) noexcept {
    usable_ = false;
    return why;
  }

  stream stream_;
  bool usable_ = true;
  std::uint64_t database_id_ = 0;
  std::int64_t awaited_ = 0;  // replies, and bytes of bulk strings, that are to be read
  request request_;
  std::array<char, buffer_bytes> buffer_{};
  std::size_t begin_ = 0;  // of what has arrived and was not looked at
  std::size_t end_ = 0;
};

}  // namespace farhold::redis
