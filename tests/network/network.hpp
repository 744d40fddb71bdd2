// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "support/peer.hpp"

// What the tests of stores over networks have in common, and what each transport says of itself: its
// ways.hpp.

namespace farhold::test {

/// One way of a transport to get at objects, of which it may have several.
struct way {
  const char* name;
  const char* settings;  ///< environment of producer and consumer
  const char* options;   ///< of both's URIs
  const char* path;      ///< in metrics: "service", "window"
  /// Where a consumer is in the middle of a transfer of 24 MB (held_transport.hpp).
  const char* mid_transfer;
};
inline void PrintTo(const way& w, std::ostream* out) { *out << w.name; }

}  // namespace farhold::test

#include "ways.hpp"

namespace farhold::test {

using front = std::vector<std::string>;

/// A URI that opens a store of the transport under test.
inline std::string uri(const std::string& options = {}) {
  return std::string(scheme) + "://" + (options.empty() ? "" : "?" + options);
}
inline std::string uri(const way& over, const std::string& more = {}) {
  const std::string options = over.options;
  return uri(options + (options.empty() || more.empty() ? "" : "&") + more);
}
/// Out of the URI in a token.
inline std::string address_of(std::string_view token_uri) {
  const std::size_t begin = std::string_view(scheme).size() + 3;
  return std::string(token_uri.substr(begin, token_uri.rfind('.') - begin));
}

/// A command line in front of a peer's.
inline front words(const std::string& command) {
  std::istringstream in(command);
  return {std::istream_iterator<std::string>(in), {}};
}
/// With this in its environment, and what every peer has.
inline front with(const std::string& settings) {
  return words(std::string("env ") + always + " " + settings);
}

/// A file that a peer's notices are written to. What else there is, such as a sanitizer's report, is shown.
class notices {
 public:
  ~notices() {
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with("farhold: ")) std::cerr << line << "\n";
    }
    std::filesystem::remove(path_);
  }
  /// A command line in front of a peer's, which writes there what farhold has to say.
  [[nodiscard]] front kept(const std::string& settings) const {
    front all = with(settings + " FARHOLD_LOG=stderr");
    for (const std::string& word : {std::string("sh"), std::string("-c"), "exec \"$0\" 2>>" + path_.string()})
      all.push_back(word);
    return all;
  }
  /// Those lines that have this in them.
  [[nodiscard]] std::vector<std::string> with_words(std::string_view words) const {
    std::vector<std::string> all;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      if (line.find(words) != std::string::npos) all.push_back(line);
    }
    return all;
  }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("farhold_notices." + std::to_string(::getpid()));
};

inline bool works(const std::string& command) {
  return std::system((command + " true 2>/dev/null").c_str()) == 0;
}
/// A process that others cannot see, so that nobody hears of its end from the kernel.
inline constexpr const char* unseen = "unshare --ipc --pid --fork --mount-proc --kill-child ";

}  // namespace farhold::test
