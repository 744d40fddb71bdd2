// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The `farhold` command: put, get, inspect, info, bench.
#include <csignal>
#include <exception>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>

#include <farhold/error.hpp>

#include "commands.hpp"
#include "default_store.hpp"
#include "exit_codes.hpp"
#include "options.hpp"
#include "text.hpp"

namespace farhold::tools {
namespace {

/// What is left to do once the command line is read; -1 for all of it.
int read(CLI::App& app, int argc, char** argv) try {
  app.parse(argc, argv);
  return -1;
} catch (const CLI::ParseError& problem) {
  return app.exit(problem) == 0 ? 0 : exit_usage;
} catch (const error& problem) {
  say(problem.what());
  return exit_usage;
}

int run(int argc, char** argv) {
  options how;
  CLI::App app(about, "farhold");
  define(app, how);
  if (const int status = read(app, argc, argv); status >= 0) return status;
  if (app.got_subcommand("put")) return put(how.put);
  if (app.got_subcommand("get")) return get(how.get);
  if (app.got_subcommand("inspect")) return inspect(how.inspect);
  if (app.got_subcommand("bench")) return bench(how.bench);
  return info(how.info);
}

}  // namespace
}  // namespace farhold::tools

int main(int argc, char** argv) {
  using namespace farhold::tools;
  std::signal(SIGPIPE, SIG_IGN);  // a pipe that nobody reads is an error of a write, told where it happens
  try {
    return run(argc, argv);
  } catch (const farhold::error& problem) {
    say(printable(problem.what()));
    return exit_code(problem.kind());
  } catch (const std::system_error& problem) {
    say(printable(problem.what()));
  } catch (const std::exception& problem) {
    say(printable(problem.what()));
  }
  return exit_local;
}
