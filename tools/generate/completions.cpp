// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "command_line.hpp"

namespace farhold::tools {

namespace {

constexpr std::string_view note = "# Generated from the definition of the command line.\n";

/// In single quotes, for a shell.
std::string in_quotes(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? "'\\''" : std::string(1, c);
  return made + "'";
}

/// For a description in a zsh _arguments specification.
std::string in_brackets(std::string_view text) {
  std::string made;
  for (const char c : text)
    made += (c == '[' || c == ']' || c == ':' || c == '\\' ? "\\" : "") + std::string(1, c);
  return made;
}

std::string all_flags(const command& of) {
  std::string made;
  for (const argument& one : of.arguments) {
    if (one.positional()) continue;
    if (!one.short_name.empty()) made += "-" + one.short_name + " ";
    made += "--" + one.long_name + " ";
  }
  if (!made.empty()) made.pop_back();
  return made;
}

/// "-o|--output" of the options for which `wanted` holds; empty: none.
template <class Predicate>
std::string flags_where(const command& of, Predicate wanted) {
  std::string made;
  for (const argument& one : of.arguments) {
    if (one.positional() || !wanted(one)) continue;
    if (!one.short_name.empty()) made += "-" + one.short_name + "|";
    made += "--" + one.long_name + "|";
  }
  if (!made.empty()) made.pop_back();
  return made;
}

bool files_by_place(const command& of) {
  for (const argument& one : of.arguments) {
    if (one.positional() && one.takes_files()) return true;
  }
  return false;
}

std::string names(const std::vector<command>& commands) {
  std::string made;
  for (std::size_t i = 1; i < commands.size(); ++i) made += (i > 1 ? " " : "") + commands[i].name;
  return made;
}

}  // namespace

std::string bash_completion(const std::vector<command>& commands) {
  std::string made = std::string(note) + R"(
_farhold() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} flags= files=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
)";
  made += fmt::format("    mapfile -t COMPREPLY < <(compgen -W '{} {}' -- \"$word\")\n    return\n  fi\n",
                      names(commands), all_flags(commands.front()));
  made += "  case ${COMP_WORDS[1]} in\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    const command& one = commands[i];
    made += fmt::format("    {})\n      flags='{}' files={}\n", one.name, all_flags(one),
                        files_by_place(one) ? "yes" : "");
    made += "      case $before in\n";
    const auto of_files = flags_where(one, [](const argument& a) { return a.takes_files(); });
    const auto of_others =
        flags_where(one, [](const argument& a) { return !a.value.empty() && !a.takes_files(); });
    if (!of_files.empty()) made += fmt::format("        {}) flags= files=yes ;;\n", of_files);
    if (!of_others.empty()) made += fmt::format("        {}) return ;;\n", of_others);
    made += "      esac\n      ;;\n";
  }
  return made + R"(  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _farhold farhold
)";
}

std::string zsh_completion(const std::vector<command>& commands) {
  std::string made =
      "#compdef farhold\n" + std::string(note) + "\n_farhold() {\n  local -a commands\n  commands=(\n";
  for (std::size_t i = 1; i < commands.size(); ++i)
    made += "    " + in_quotes(commands[i].name + ":" + commands[i].description) + "\n";
  made += "  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n";
  made += "  local command=$words[2]\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    made += fmt::format("    {})\n      _arguments -s", commands[i].name);
    for (const argument& one : commands[i].arguments) {
      const std::string action = one.takes_files() ? "_files" : " ";
      if (one.positional()) {
        made += " \\\n        " + in_quotes(fmt::format("*:{}:{}", one.value, action));
        continue;
      }
      const std::string value = one.value.empty() ? "" : fmt::format(":{}:{}", one.value, action);
      const std::string text = fmt::format("[{}]{}", in_brackets(one.description), value);
      if (!one.short_name.empty()) made += " \\\n        " + in_quotes("-" + one.short_name + text);
      made += " \\\n        " + in_quotes("--" + one.long_name + text);
    }
    made += "\n      ;;\n";
  }
  return made + "  esac\n}\n\n_farhold \"$@\"\n";
}

std::string fish_completion(const std::vector<command>& commands) {
  std::string made = std::string(note) + "complete -c farhold -f\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    const command& sub = commands[i];
    made += fmt::format("complete -c farhold -n __fish_use_subcommand -a {} -d {}\n", sub.name,
                        in_quotes(sub.description));
    const std::string when = fmt::format("complete -c farhold -n '__fish_seen_subcommand_from {}'", sub.name);
    for (const argument& one : sub.arguments) {
      if (one.positional()) {
        if (one.takes_files()) made += when + " -F\n";
        continue;
      }
      made += when;
      if (!one.short_name.empty()) made += " -s " + one.short_name;
      made += " -l " + one.long_name;
      if (!one.value.empty()) made += one.takes_files() ? " -rF" : " -x";
      made += " -d " + in_quotes(one.description) + "\n";
    }
  }
  return made;
}

}  // namespace farhold::tools
