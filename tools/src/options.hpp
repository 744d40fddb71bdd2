// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library chose it
class App;
}

namespace farhold::tools {

/// The command line, once it is read.
struct options {
  struct put_options {
    std::vector<std::string> files;
    std::string store;        ///< URI; empty: the scheme that reaches farthest
    std::uint32_t reads = 0;  ///< 0: any number
    std::optional<std::chrono::nanoseconds> duration;
    bool copy = false;
    bool quiet = false;
  } put;
  struct get_options {
    std::vector<std::string> tokens;
    std::string output;  ///< empty: stdout
    std::chrono::nanoseconds timeout = std::chrono::seconds(30);
    bool quiet = false;
  } get;
  struct inspect_options {
    std::vector<std::string> tokens;
    bool json = false;
  } inspect;
  struct info_options {
    std::string store;
    bool json = false;
  } info;
  struct bench_options {
    std::string token;  ///< empty: of a second process of this host
    std::string store;
    bool serve = false;
    bool quick = false;
  } bench;
};

/// What the command is, in a line.
inline constexpr const char* about = "hand files and objects from process to process by tokens";

/// Receipts are listed in the token's object, so their number is bounded.
inline constexpr std::uint32_t most_reads = 1000;

/// "90s", "100ms", "5min", "2h": a time. Throws `error` (invalid_argument).
std::chrono::nanoseconds parse_duration(std::string_view text);

/// Defines the whole command line. Parsing it, printing its help and generating manual page and completions
/// all read this one definition. `into` must outlive `app`.
void define(CLI::App& app, options& into);

}  // namespace farhold::tools
