// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include <farhold/connector.hpp>

namespace farhold::multi {

/// Writes second copies of objects, one after the other, on a thread of its own.
///
/// Lifetime  The thread starts with the first object. The destructor lets it finish for a few seconds; in a
/// forked
///           child there is none.
/// Threads   All of it.
/// Errors    A copy that cannot be written is logged; its object is then as short-lived as its producer.
class twin_writer {
 public:
  struct job {
    reservation room;  ///< of the twin, with the bytes in it
    type_id type;
    key twin;  ///< was promised
    farhold::connector* first_at = nullptr;
    key first;
  };

  twin_writer(farhold::connector& twin, std::uint64_t backlog_bytes);
  twin_writer(const twin_writer&) = delete;
  twin_writer& operator=(const twin_writer&) = delete;
  ~twin_writer();

  /// Takes the job, whose object can be read by now. Writes it at once if too much is waiting already.
  void add(const job& one) noexcept;
  /// When it returns, the twin of that key is written, or will not be.
  void settle(const key& twin) noexcept;
  /// Whether all is written by then.
  [[nodiscard]] bool drain(std::chrono::nanoseconds patience) noexcept;

 private:
  void run() noexcept;
  void write(job& one) noexcept;

  farhold::connector& twin_;
  const std::uint64_t backlog_bytes_;
  const std::uint64_t fork_epoch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> waiting_;
  const key* writing_ = nullptr;
  std::uint64_t waiting_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace farhold::multi
