// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include <farhold/error.hpp>

namespace farhold::tools {

namespace {

/// At most 80 columns wide, paragraphs apart.
std::string wrapped(std::string_view text) {
  std::string made;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    if (column > 0 && column + 1 + word.size() > 80) {
      made += '\n';
      column = 0;
    } else if (column > 0) {
      made += ' ';
      ++column;
    }
    made += word;
    column += word.size();
    text.remove_prefix(word.size());
    if (text.starts_with("\n\n")) {
      made += "\n\n";
      column = 0;
    }
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \n")));
  }
  return made;
}

void define_put(CLI::App& app, options::put_options& into) {
  CLI::App& put = *app.add_subcommand("put", "Offer files to other processes and print a token for each");
  put.add_option("FILE", into.files, "the files; - is the standard input")->required()->type_name("FILE");
  put.add_option("-s,--store", into.store, "the store to offer them in; see SCHEMES")
      ->type_name("URI")
      ->envname("FARHOLD_STORE");
  put.add_option("-n,--reads", into.reads, "end when each file has been read N times")
      ->type_name("N")
      ->check(CLI::Range(1U, most_reads));
  put.add_option_function<std::string>(
         "-f,--for", [&into](const std::string& text) { into.duration = parse_duration(text); },
         "end after this time, such as 90s, 5min or 2h")
      ->type_name("TIME");
  put.add_flag("-c,--copy", into.copy,
               "take copies into memory, so that the files may change while they are offered");
  put.add_flag("-q,--quiet", into.quiet, "say nothing of the progress on stderr");
  put.footer(
      wrapped("Prints one token a line on stdout, in the order of the files, and serves until SIGINT, "
              "SIGTERM or SIGHUP, until "
              "--reads or until --for; then the tokens are worth nothing. Its exit status is 0 then, also "
              "after a signal, and "
              "that of a timeout if --for passes before --reads is reached.\n\n"
              "A file is read where it lies, without a copy, under a read lease (fcntl(2)): who opens it for "
              "writing waits for the "
              "moment in which its token is withdrawn, and readers find it stale, never half changed; the "
              "exit status is 1 then. Where there can be no "
              "lease (the file is another user's, is open for writing, or its file system has none) it is "
              "copied into memory."));
}

void define_get(CLI::App& app, options::get_options& into) {
  CLI::App& get = *app.add_subcommand("get", "Bring what tokens name");
  get.add_option("TOKEN", into.tokens,
                 "the tokens, brought one after the other; - reads them from stdin as they come")
      ->required()
      ->type_name("TOKEN");
  get.add_option("-o,--output", into.output,
                 "write to FILE in place of stdout, or into a directory under the files' own names")
      ->type_name("FILE");
  get.add_option_function<std::string>(
         "-t,--timeout", [&into](const std::string& text) { into.timeout = parse_duration(text); },
         "the longest to wait for a producer at each step; 30s unless given")
      ->type_name("TIME");
  get.add_flag("-q,--quiet", into.quiet, "show no progress bar");
  get.footer(
      wrapped("FILE appears whole or not at all: it is written beside its place and moved there at the end. "
              "In a directory no "
              "file is overwritten. The memory needed is that of two chunks, 16 MiB for files below 64 GiB, "
              "whatever the size.\n\n"
              "Of a token that farhold put did not print, the object's bytes are written as its store keeps "
              "them: for numbers "
              "and arrays of them that is the numbers, in the byte order of their producer. A progress bar "
              "is shown if stderr "
              "is a terminal."));
}

void define_inspect(CLI::App& app, options::inspect_options& into) {
  CLI::App& inspect = *app.add_subcommand("inspect", "Say what tokens name, without bringing it");
  inspect.add_option("TOKEN", into.tokens, "the tokens; - reads them from stdin")
      ->required()
      ->type_name("TOKEN");
  inspect.add_flag("-j,--json", into.json, "one JSON object a line");
  inspect.footer(
      wrapped("Asks nobody: what is shown stands in the token itself. Whether its object is still there only "
              "get can tell."));
}

void define_info(CLI::App& app, options::info_options& into) {
  CLI::App& info =
      *app.add_subcommand("info", "Say what works on this host, what does not, and how to mend it");
  info.add_option("-s,--store", into.store,
                  "try this store in place of those that need no more than their scheme")
      ->type_name("URI")
      ->envname("FARHOLD_STORE");
  info.add_flag("-j,--json", into.json, "as one JSON object");
  info.footer(
      wrapped("Of each scheme a store is opened in a second process and read from here, so what is shown was "
              "tried and not "
              "guessed. Exit status 1: one of them cannot be used."));
}

void define_bench(CLI::App& app, options::bench_options& into) {
  CLI::App& bench = *app.add_subcommand(
      "bench", "Measure how fast objects of another process come, beside the same bytes without farhold");
  CLI::Option* const token =
      bench
          .add_option("TOKEN", into.token,
                      "of farhold bench --serve on another host; without, a second process of this one")
          ->type_name("TOKEN");
  bench.add_flag("--serve", into.serve, "print a token and be read from, until SIGINT, SIGTERM or SIGHUP")
      ->excludes(token);
  bench.add_option("-s,--store", into.store, "the store to measure; see SCHEMES")
      ->type_name("URI")
      ->envname("FARHOLD_STORE");
  bench.add_flag("--quick", into.quick, "a few short rounds and no object above 1 MiB: to see that it works");
  bench.footer(wrapped(
      "Takes half a minute. Each object is brought again and again, in turns with as many bytes of the same "
      "process by the means that the path in use has, too: memcpy out of a mapping, process_vm_readv, or a "
      "TCP "
      "stream. The ratio is taken in each turn, and its median and middle half are shown. The last lines say "
      "in words "
      "whether something is wrong.\n\n"
      "For its TCP stream --serve listens on a port of all interfaces that the system chooses, sends nothing "
      "but a "
      "fixed pattern there, and only to those who have the token."));
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units = {{{"us", 1'000},
                                                                               {"ms", 1'000'000},
                                                                               {"s", 1'000'000'000},
                                                                               {"", 1'000'000'000},
                                                                               {"min", 60'000'000'000},
                                                                               {"h", 3'600'000'000'000}}};
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  const std::string_view unit(at, static_cast<std::size_t>(end - at));
  for (const auto& [name, factor] : units) {
    if (problem == std::errc{} && name == unit && number > 0 &&
        number <= std::numeric_limits<std::int64_t>::max() / factor)
      return std::chrono::nanoseconds(number * factor);
  }
  throw error(errc::invalid_argument,
              "'" + std::string(text) + "' is not a time such as 500ms, 90s, 5min or 2h");
}

void define(CLI::App& app, options& into) {
  app.require_subcommand(1);
  app.set_version_flag("-V,--version", std::string("farhold ") + FARHOLD_VERSION);
  define_put(app, into.put);
  define_get(app, into.get);
  define_inspect(app, into.inspect);
  define_info(app, into.info);
  define_bench(app, into.bench);
}

}  // namespace farhold::tools
