// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

#include <farhold/bytes.hpp>

namespace farhold::redis {

/// Commands as a server takes them: arrays of strings with their lengths (RESP, "Redis serialization
/// protocol"). Large payloads are not copied, and must stay until they are sent.
///
/// Lifetime  Used again and again, so that it allocates only until it is as large as the largest request.
/// Errors    `std::bad_alloc`.
class request {
 public:
  void clear() noexcept {
    text_.clear();
    payloads_.clear();
    commands_ = 0;
  }
  /// Begins a command of `words` words, its name included, which are added next.
  request& command(std::size_t words);
  request& word(std::string_view text);
  request& word(std::integral auto number) { return word(std::to_string(number)); }
  request& payload(byte_view bytes);

  [[nodiscard]] std::size_t commands() const noexcept { return commands_; }
  [[nodiscard]] std::span<iovec> pieces();

 private:
  static constexpr std::size_t copied_bytes = 1024;  // a copy costs less than one more piece

  struct placed {
    std::size_t after = 0;  // so much text
    byte_view bytes;
  };
  std::string text_;
  std::vector<placed> payloads_;
  std::vector<iovec> pieces_;
  std::size_t commands_ = 0;
};

}  // namespace farhold::redis
