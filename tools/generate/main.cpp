// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// farhold_generate man|bash|zsh|fish FILE: writes what users get beside the command, from the definition of
// its command line.
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "command_line.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  using namespace farhold::tools;
  using writer = std::string (*)(const std::vector<command>&);
  const std::map<std::string, writer> writers{{"man", &manual_page},
                                              {"bash", &bash_completion},
                                              {"zsh", &zsh_completion},
                                              {"fish", &fish_completion}};
  const auto chosen = argc == 3 ? writers.find(argv[1]) : writers.end();
  if (chosen == writers.end()) {
    std::cerr << "usage: farhold_generate man|bash|zsh|fish FILE\n";
    return 2;
  }
  options ignored;
  CLI::App app(about, "farhold");
  define(app, ignored);
  std::ofstream file(argv[2]);
  file << chosen->second(read_definition(app)) << std::flush;
  return file ? 0 : 1;
}
