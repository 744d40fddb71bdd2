// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <farhold/bytes.hpp>

// Reading and writing of wire forms: little-endian, unaligned, never past the end.

namespace farhold::wire {

/// Appends to memory that the caller has measured.
class writer {
 public:
  explicit writer(std::byte* out) noexcept : at_(out) {}

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(const T& value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void put_bytes(byte_view bytes) noexcept {
    // Identifiers have 16 to 32 bytes: two copies that overlap are inlined, one of unknown length is a call.
    constexpr std::size_t piece = 16;
    if (bytes.size() >= piece && bytes.size() <= 2 * piece) {
      const byte_view last = bytes.last(piece);
      std::memcpy(at_ + bytes.size() - piece, last.data(), piece);
      std::memcpy(at_, bytes.data(), piece);
    } else if (!bytes.empty()) {
      std::memcpy(at_, bytes.data(), bytes.size());
    }
    at_ += bytes.size();
  }
  void put_text(std::string_view text) noexcept { put_bytes(std::as_bytes(std::span(text))); }
  [[nodiscard]] std::byte* end() const noexcept { return at_; }

 private:
  std::byte* at_;
};

/// Takes from bytes of unknown origin. After the first shortage every take fails and `ok` is false.
class reader {
 public:
  explicit reader(byte_view in) noexcept : in_(in) {}

  template <class T>
  requires std::is_trivially_copyable_v<T> T take()
  noexcept {
    T value{};
    const byte_view bytes = take_bytes(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  byte_view take_bytes(std::size_t count) noexcept {
    if (count > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const byte_view taken = in_.first(count);
    in_ = in_.subspan(count);
    return taken;
  }
  std::string_view take_text(std::size_t count) noexcept {
    const byte_view bytes = take_bytes(count);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] byte_view rest() const noexcept { return in_; }

 private:
  byte_view in_;
  bool ok_ = true;
};

}  // namespace farhold::wire
