// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <iostream>

#include "micro.hpp"

int main(int argc, char** argv) {
  using namespace farhold::bench;
  options how;
  how.timing.rounds = 301;
  how.timing.sample = std::chrono::microseconds(200);
  if (const auto code = read_command_line(argc, argv, "What a proxy costs the processor.", true, how))
    return *code;
  report to(how, {{"transports", "local, mapped memory of this process"}}, std::cout);
  access(to);
  handles(to);
  tokens(to);
  publishing(to);
  return to.exit_code();
}
