// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "options.hpp"

#include <map>
#include <string>

#include <CLI/CLI.hpp>

namespace gray_scott {

options read_options(int argc, char** argv, bool speaker) {
  const std::map<std::string, progress_mode> modes{{"auto", progress_mode::automatic},
                                                   {"live", progress_mode::live},
                                                   {"sparse", progress_mode::sparse},
                                                   {"off", progress_mode::off}};
  options result;
  std::string only;
  std::string shown = "auto";
  CLI::App app(
      "Gray-Scott reaction-diffusion with farhold. Ranks 0 .. n-3 simulate, rank n-2 forwards\n"
      "tokens, rank n-1 reads the fields straight from the memory of the ranks that made them and\n"
      "writes statistics and pictures. Needs 3 ranks or more.",
      "gray_scott");
  // A script that sets an option can hand on its user's words after its own.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("-p,--parameters", result.parameters, "numbers of the run; built-in defaults without")
      ->type_name("FILE.json");
  app.add_option("--seed-image", result.seed_image,
                 "picture whose luminance starts the reaction, in place of the parameter file's")
      ->type_name("FILE.png");
  app.add_option("-o,--output", result.output,
                 "for frames and contact sheet; default " + result.output.string())
      ->type_name("DIR");
  app.add_option("--report", result.report, "write the table and all statistics here as well")
      ->type_name("FILE.json");
  app.add_option("--only", only, "one way in place of all three: mapped, window or value")
      ->check(CLI::IsMember({"mapped", "window", "value"}))
      ->type_name("WAY");
  app.add_option("--progress", shown,
                 "auto, live (one line, rewritten), sparse (a line for each tenth) or off")
      ->check(CLI::IsMember(modes))
      ->type_name("HOW");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = speaker ? app.exit(error) : error.get_exit_code();
    throw early_exit{code == 0 ? 0 : 2};
  }
  if (!only.empty()) {
    std::erase_if(result.ways, [&](way w) { return only != name_of(w); });
  }
  result.progress = modes.at(shown);
  return result;
}

}  // namespace gray_scott
