// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "command_line.hpp"

#include <CLI/CLI.hpp>

namespace farhold::bench {

std::optional<int> read_command_line(int argc, const char* const* argv, const std::string& purpose,
                                     bool speaker, options& out, bool by_size) {
  CLI::App app(purpose);
  app.add_option("--json", out.json, "append one line for each comparison")->type_name("FILE");
  app.add_option("--filter", out.filter, "only comparisons whose name contains this")->type_name("TEXT");
  app.add_flag("--quick", out.quick, "a few short rounds: to see that it runs, not for figures");
  const CLI::Option* const rounds =
      app.add_option("--rounds", out.timing.rounds, "at most as many; fewer where they take too long")
          ->check(CLI::PositiveNumber);
  if (by_size) {
    app.add_option("--largest", out.largest, "objects up to this size, such as 1GiB")
        ->type_name("SIZE")
        ->transform(CLI::AsSizeValue(false));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const int code = speaker ? app.exit(problem) : problem.get_exit_code();
    return code == 0 ? 0 : 2;
  }
  if (out.quick) {
    if (rounds->count() == 0) out.timing.rounds = 5;
    out.timing.sample = std::chrono::microseconds(100);
    out.timing.budget = std::chrono::milliseconds(200);
    out.timing.min_rounds = 3;
  }
  return std::nullopt;
}

}  // namespace farhold::bench
