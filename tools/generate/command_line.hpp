// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library chose it
class App;
}

namespace farhold::tools {

/// An option or argument, as manual and completions need it.
struct argument {
  std::string short_name;  ///< "o"; empty: none
  std::string long_name;   ///< "output"; empty: an argument by its place
  std::string value;       ///< "FILE"; empty: a flag
  std::string description;
  std::string environment;  ///< the variable that stands for it; empty: none
  bool many = false;

  [[nodiscard]] bool positional() const noexcept { return long_name.empty(); }
  /// Whether what to complete are files.
  [[nodiscard]] bool takes_files() const noexcept { return value == "FILE"; }
};

struct command {
  std::string name;
  std::string description;
  std::string footer;
  std::vector<argument> arguments;
};

/// What `define` defines: the program itself first, then its subcommands.
std::vector<command> read_definition(const CLI::App& app);

std::string manual_page(const std::vector<command>& commands);
std::string bash_completion(const std::vector<command>& commands);
std::string zsh_completion(const std::vector<command>& commands);
std::string fish_completion(const std::vector<command>& commands);

}  // namespace farhold::tools
