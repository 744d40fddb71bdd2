// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "command_line.hpp"

#include <CLI/CLI.hpp>

namespace farhold::tools {

namespace {

argument read(const CLI::Option& option) {
  argument made;
  if (!option.get_snames().empty()) made.short_name = option.get_snames().front();
  if (!option.get_lnames().empty()) made.long_name = option.get_lnames().front();
  // The number of values, of which a flag takes none. Behind a colon CLI11 says what is checked.
  if (option.get_items_expected_max() > 0)
    made.value = option.get_type_name().substr(0, option.get_type_name().find(':'));
  made.description = option.get_description();
  made.environment = option.get_envname();
  made.many = option.get_items_expected_max() > 1;
  return made;
}

command read(const CLI::App& app) {
  command made{app.get_name(), app.get_description(), app.get_footer(), {}};
  for (const CLI::Option* const option : app.get_options([](const CLI::Option*) { return true; }))
    if (!option->check_lname("help")) made.arguments.push_back(read(*option));
  return made;
}

}  // namespace

std::vector<command> read_definition(const CLI::App& app) {
  std::vector<command> all{read(app)};
  for (const CLI::App* const sub : app.get_subcommands([](const CLI::App*) { return true; }))
    all.push_back(read(*sub));
  return all;
}

}  // namespace farhold::tools
