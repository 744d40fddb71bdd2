// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "exit_codes.hpp"

namespace farhold::tools {

const std::vector<exit_meaning>& exit_meanings() {
  static const std::vector<exit_meaning> all = [] {
    std::vector<exit_meaning> made{
        {0, "", "Done."},
        {exit_local, "",
         "A file could not be read or written, or something here is wrong; the message says what."},
        {exit_usage, "", "The command line makes no sense."}};
    const auto add = [&](errc kind, std::string_view meaning) {
      made.push_back({exit_code(kind), to_string(kind), meaning});
    };
    add(errc::stale, "The object was ended: put has withdrawn it.");
    add(errc::not_found, "There is no such object where the token says.");
    add(errc::producer_lost, "The process that offered it has ended.");
    add(errc::unreachable, "No path leads to that process.");
    add(errc::timeout, "It did not answer in time; of put: --for passed before --reads was reached.");
    add(errc::cancelled, "The call was given up.");
    add(errc::wrong_type, "The object is of another type than the token says.");
    add(errc::corrupt, "This is no token, or one that was changed on its way.");
    add(errc::truncated, "A part of the token is missing.");
    add(errc::invalid_argument, "A URI, time or number makes no sense.");
    add(errc::out_of_memory, "Memory or another limit is exhausted, here or there.");
    add(errc::permission, "The system or the other process refused, to another user for instance.");
    add(errc::unsupported, "The scheme, or this kind of token, cannot do that.");
    add(errc::closed, "The store was closed.");
    add(errc::store_unknown, "The token's scheme is not known to this build, or its store is not open.");
    add(errc::transport_failure, "The network reported an error.");
    return made;
  }();
  return all;
}

}  // namespace farhold::tools
