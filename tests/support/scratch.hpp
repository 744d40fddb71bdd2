// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace farhold::test {

/// An empty directory for the time of a test, in $FARHOLD_FILE_TEST_PARENT or else where temporary files are.
class scratch {
 public:
  scratch() {
    const char* const parent = std::getenv("FARHOLD_FILE_TEST_PARENT");
    path_ =
        (parent != nullptr ? parent : std::filesystem::temp_directory_path().string()) + "/farhold-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace farhold::test
