// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "plan.hpp"

namespace task_farm {

struct farm_options {
  std::size_t workers = 4;
  std::string store_uri = "shm://";
  std::size_t victim = 0;  ///< the worker, from 1, that kills itself once; 0: none
  std::string die_at;      ///< where
};

struct farm_report {
  std::size_t tasks = 0;  ///< that were done, repetitions included
  std::size_t lost_workers = 0;
  std::uint64_t token_bytes = 0;    ///< all that went through the manager
  std::uint64_t payload_bytes = 0;  ///< of the results; none of it did
};

/// Gives tasks to worker processes and tokens of their results to other ones, and starts anew what a dead
/// worker did.
///
/// Errors    Throws std::runtime_error when a task failed three times.
class manager {
 public:
  manager(plan tasks, farm_options how);

  /// The token of the answer, which a worker keeps while the manager lives.
  std::string run();
  [[nodiscard]] const farm_report& report() const noexcept { return report_; }

 private:
  static constexpr std::size_t idle = ~std::size_t{0};
  struct worker {
    std::unique_ptr<child_process> process;
    std::size_t task = idle;
    std::vector<std::string> to_drop;
  };

  void start(std::size_t which, const std::string& die_at);
  void assign();
  void send(worker& to, const std::string& line);
  void listen();
  void heard(worker& from, std::size_t which, const std::string& line);
  void done(std::size_t id, std::size_t which, const std::string& token);
  void lost(std::size_t which);
  void repeat(std::size_t id, const std::string& why);

  plan tasks_;
  farm_options how_;
  std::vector<worker> workers_;
  farm_report report_;
};

}  // namespace task_farm
