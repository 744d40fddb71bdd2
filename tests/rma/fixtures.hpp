// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/connector.hpp>

#include "rma/clock.hpp"
#include "rma/ticket.hpp"
#include "rma/trailer.hpp"

// What the tests of src/rma have in common.

namespace farhold::rma {

/// A clock that goes only when told to.
class fake_time {
 public:
  [[nodiscard]] clock as_clock() const noexcept {
    return {
        .read = [](const void* context) noexcept { return static_cast<const fake_time*>(context)->now(); },
        .context = this};
  }
  [[nodiscard]] std::uint64_t now() const noexcept { return now_.load(); }
  void advance(std::chrono::nanoseconds by) noexcept { now_ += static_cast<std::uint64_t>(by.count()); }

 private:
  std::atomic<std::uint64_t> now_{1'000'000'000};
};

/// Bytes that depend on a seed and on their place, so that no two objects and no two halves look alike.
inline std::byte pattern(std::uint64_t seed, std::uint64_t place) noexcept {
  std::uint64_t mixed = (seed + 1) * 0x9E3779B97F4A7C15ULL + place / 8 * 0xBF58476D1CE4E5B9ULL;
  mixed ^= mixed >> 29U;
  return static_cast<std::byte>(mixed >> (place % 8 * 8));
}

inline void fill_pattern(byte_span memory, std::uint64_t seed) noexcept {
  for (std::uint64_t i = 0; i < memory.size(); ++i) memory[i] = pattern(seed, i);
}

[[nodiscard]] inline std::uint64_t count_wrong(byte_view memory, std::uint64_t seed) noexcept {
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < memory.size(); ++i) wrong += memory[i] != pattern(seed, i) ? 1U : 0U;
  return wrong;
}

/// A landing on the heap that shows what was done with it.
class memory_landing final : public landing {
 public:
  memory_landing() = default;
  explicit memory_landing(std::atomic<int>* alive) : alive_(alive) { ++*alive_; }
  ~memory_landing() override {
    if (alive_ != nullptr) --*alive_;
  }

  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    ++prepared;
    if (refuse) return nullptr;
    // Exactly as much as was asked for, so that a sanitizer sees one byte too many.
    bytes_ = std::make_unique<std::byte[]>(size_bytes + spare_bytes);
    size_ = size_bytes;
    return bytes_.get();
  }
  status fill(byte_view source) noexcept override {
    ++filled;
    if (refuse) return {errc::out_of_memory, 0, "fill a landing that refuses"};
    bytes_ = std::make_unique<std::byte[]>(source.size());
    size_ = source.size();
    const std::size_t half = source.size() / 2;
    copy(0, source.first(half));
    if (halfway) halfway();
    copy(half, source.subspan(half));
    if (before_return) before_return();
    return {};
  }
  [[nodiscard]] bool wants_view() const noexcept override { return view; }
  void show(byte_view memory, pin hold) noexcept override {
    ++shown;
    view_ = memory;
    hold_ = std::move(hold);
  }
  void let_go() noexcept { hold_ = {}; }
  [[nodiscard]] byte_view payload() const noexcept {
    return shown > 0 ? view_ : byte_view(bytes_.get(), size_);
  }

  bool view = false;
  int shown = 0;
  bool refuse = false;
  int prepared = 0;
  int filled = 0;
  std::function<void()> halfway;  // inside `fill`
  std::function<void()> before_return;

 private:
  void copy(std::size_t at, byte_view source) noexcept {
    if (!source.empty()) std::memcpy(bytes_.get() + at, source.data(), source.size());
  }

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  byte_view view_;
  pin hold_;
  std::atomic<int>* alive_ = nullptr;
};
using memory_landing_ptr = boost::intrusive_ptr<memory_landing>;

inline memory_landing_ptr make_landing() { return memory_landing_ptr(new memory_landing); }

/// 64-aligned memory for arenas that need not be shared.
class aligned_memory {
 public:
  explicit aligned_memory(std::size_t bytes)
      : memory_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64})), bytes) {
    std::memset(memory_.data(), 0, bytes);
  }
  aligned_memory(const aligned_memory&) = delete;
  aligned_memory& operator=(const aligned_memory&) = delete;
  ~aligned_memory() { ::operator delete (memory_.data(), std::align_val_t{64}); }
  [[nodiscard]] byte_span span() const noexcept { return memory_; }

 private:
  byte_span memory_;
};

/// Whether the host lets a process read its child by process_vm_readv(2): containers may forbid it, and
/// nothing of farhold's is asked, whose mistake would look the same.
inline bool cma_is_permitted() {
  static const bool works = [] {
    const std::uint64_t told = 5;
    std::uint64_t heard = 0;
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    const iovec here{&heard, sizeof heard}, there{const_cast<std::uint64_t*>(&told), sizeof told};
    const bool read = ::process_vm_readv(child, &here, 1, &there, 1, 0) == sizeof heard && heard == told;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return read;
  }();
  return works;
}

#define FARHOLD_NEEDS_CMA() \
  if (!::farhold::rma::cma_is_permitted()) GTEST_SKIP() << "process_vm_readv is forbidden here"

/// Compares codes; a failure says which step it was that failed.
inline ::testing::AssertionResult status_is(const char* /*expected*/, const char* call, errc expected,
                                            const status& found) {
  if (found.code == expected) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << call << "\n  gives " << to_string(found.code) << " (" << found.where
                                       << "), expected " << to_string(expected);
}

#define EXPECT_STATUS(expected, call) \
  EXPECT_PRED_FORMAT2(::farhold::rma::status_is, ::farhold::errc::expected, call)
#define ASSERT_OK(call) ASSERT_PRED_FORMAT2(::farhold::rma::status_is, ::farhold::errc::ok, call)

}  // namespace farhold::rma
