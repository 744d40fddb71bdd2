// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace farhold::faults {

/// What a rank found out, for programs whose exit codes mean nothing: launchers answer the death of one rank
/// with codes, and signals, of their own. FARHOLD_FAULTS_DIR/verdict.RANK is read by killed.sh.
class verdict {
 public:
  explicit verdict(int rank) : rank_(rank) {}

  void check(bool good, const std::string& what) {
    std::printf("rank %d: %s %s\n", rank_, good ? "ok  " : "FAIL", what.c_str());
    std::fflush(stdout);
    if (!good) failures_ += "  " + what + "\n";
  }
  /// Makes it known, completely or not at all.
  void deliver() const {
    const char* const folder = std::getenv("FARHOLD_FAULTS_DIR");
    if (folder == nullptr) return;
    const std::string name = std::string(folder) + "/verdict." + std::to_string(rank_);
    const std::string draft = name + ".draft";
    std::FILE* const file = std::fopen(draft.c_str(), "w");
    if (file == nullptr) return;
    std::fprintf(file, "%s\n%s", failures_.empty() ? "ok" : "FAIL", failures_.c_str());
    std::fclose(file);
    static_cast<void>(std::rename(draft.c_str(), name.c_str()));
  }
  [[nodiscard]] bool good() const { return failures_.empty(); }

 private:
  int rank_;
  std::string failures_;
};

}  // namespace farhold::faults
