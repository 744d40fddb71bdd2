// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace farhold::tools {

/// The tokens of a command line, in whose place "-" stands for those on stdin, as they come.
///
/// Errors    `cancelled` if stopped while nothing comes; `corrupt` for a word that is longer than any token.
class token_reader {
 public:
  token_reader(std::vector<std::string> arguments, std::stop_token stop);

  std::optional<std::string> next();

 private:
  std::optional<std::string> next_of_stdin();
  /// False at the end.
  bool read_more();

  std::vector<std::string> arguments_;
  std::size_t used_ = 0;
  std::stop_token stop_;
  bool from_stdin_ = false;
  std::string unread_;
};

}  // namespace farhold::tools
