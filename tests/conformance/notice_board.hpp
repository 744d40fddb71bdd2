// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace farhold::conformance {

/// A folder that every process sees, for signals that need neither farhold nor the processes' own network.
class notice_board {
 public:
  notice_board(const std::vector<std::byte>& agreed, bool owner) : owner_(owner) {
    folder_ = std::string(reinterpret_cast<const char*>(agreed.data()), agreed.size());
  }
  notice_board(const notice_board&) = delete;
  notice_board& operator=(const notice_board&) = delete;
  ~notice_board() {
    std::error_code ignored;
    if (owner_) std::filesystem::remove_all(folder_, ignored);
  }

  static std::vector<std::byte> make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "farhold-conformance-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return {};
    const auto view = std::as_bytes(std::span(name));
    return {view.begin(), view.end()};
  }

  void post(int rank) const { std::ofstream(folder_ / std::to_string(rank)) << "done\n"; }
  [[nodiscard]] bool has(int rank) const {
    std::error_code ignored;
    return std::filesystem::exists(folder_ / std::to_string(rank), ignored);
  }
  /// Calls `meanwhile` until all but `rank` have posted. Those that have not in time are returned.
  template <class Pastime>
  [[nodiscard]] std::vector<int> await_others(int rank, int size, std::chrono::seconds patience,
                                              Pastime meanwhile) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::vector<int> missing;
    for (int other = 0; other < size; ++other) {
      if (other == rank) continue;
      while (!has(other) && std::chrono::steady_clock::now() < end) meanwhile();
      if (!has(other)) missing.push_back(other);
    }
    return missing;
  }

 private:
  std::filesystem::path folder_;
  bool owner_;
};

}  // namespace farhold::conformance
