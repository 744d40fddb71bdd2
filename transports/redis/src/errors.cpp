// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace farhold::redis {

namespace {

/// A word that the server's errors begin with.
struct row {
  std::string_view word;
  errc code;
  const char* where;
  const char* cure;
};

constexpr std::array<row, 17> rows = {{
    {"NOAUTH", errc::permission, "use the server: it asks for a password",
     "give it in options::password or FARHOLD_REDIS_PASSWORD"},
    {"WRONGPASS", errc::permission, "use the server: it does not know this user and password",
     "look at options::user and options::password, or FARHOLD_REDIS_USER and FARHOLD_REDIS_PASSWORD"},
    {"NOPERM", errc::permission, "use the server: its access rules do not let this user do that",
     "the user needs commands that the README of this connector names, for keys "
     "'farhold:*'"},
    {"READONLY", errc::permission, "write to the server: it is a replica", "name its master"},
    {"OOM", errc::out_of_memory, "store the object: the server's 'maxmemory' is reached",
     "evict objects, give them a time to live, or raise 'maxmemory'"},
    {"MISCONF", errc::out_of_memory, "store the object: the server cannot write to its disk",
     "look into its log; it refuses writes until it can"},
    {"MOVED", errc::unsupported, "use the server: the object belongs to another node of its cluster",
     "name a proxy of the cluster, or a server that is no cluster"},
    {"ASK", errc::unsupported, "use the server: its cluster moves the object to another node",
     "name a proxy of the cluster, or a server that is no cluster"},
    {"LOADING", errc::unreachable, "use the server: it is still loading its data", "try again later"},
    {"BUSY", errc::unreachable, "use the server: a script keeps it busy", "try again later"},
    {"TRYAGAIN", errc::unreachable, "use the server: its cluster is being changed", "try again later"},
    {"CLUSTERDOWN", errc::unreachable, "use the server: its cluster is down", "try again later"},
    {"MASTERDOWN", errc::unreachable, "use the server: it has lost its master", "try again later"},
    {"WRONGTYPE", errc::corrupt, "read the object: under its name is something else",
     "keep other programs away from keys 'farhold:*'"},
    {"NOSCRIPT", errc::transport_failure, "use the server: it forgot a script", "try again"},
    {"EXECABORT", errc::transport_failure, "store the object: the server gave up the transaction",
     "look into its log"},
    {"ERR", errc::transport_failure, "use the server: it refuses the command",
     "it must be Redis 4.0 or later, have the database of that number, and, if a user is named, 6.0"},
}};

/// Certificates are checked by OpenSSL, see stream.cpp.
constexpr const char* about_certificates =
    "its certificate must be signed by one of options::ca_file (ca= in the URI), or of the system's "
    "(SSL_CERT_FILE), and name the host";

errc meaning_of(int error_number) noexcept {
  switch (error_number) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return errc::out_of_memory;
    case EACCES:
    case EPERM: return errc::permission;
    default: return errc::unreachable;
  }
}

}  // namespace

status meaning_of_reply(std::string_view text) noexcept {
  const std::string_view word = text.substr(0, text.find(' '));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].word == word) return {rows[i].code, -1 - static_cast<int>(i), rows[i].where};
  }
  return {errc::transport_failure, 0, "use the server: it answers with an error"};
}

status failed(const char* step) noexcept {
  const int error_number = errno;
  return {meaning_of(error_number), error_number, step};
}

std::string cure_of(const status& problem, const std::string& server) {
  const std::string about = "about " + server + ": ";
  if (problem.native < 0 && problem.native >= -static_cast<int>(rows.size())) {
    return about + rows[static_cast<std::size_t>(-1 - problem.native)].cure;
  }
  switch (problem.code) {
    case errc::unreachable:
      return about + "it was not there until the deadline" +
             (problem.native > 0 ? " (" + std::generic_category().message(problem.native) + ")" : "") +
             "; start it, or look at host, port and firewall";
    case errc::timeout: return about + "it did not answer in time; it may be stopped or overloaded";
    case errc::permission:
      return about + (problem.native == 0 ? about_certificates : "look at its socket's mode");
    case errc::producer_lost:
      return about +
             "it has not what the proxy names: it was restarted without its data, or is another server";
    case errc::corrupt:
      return about + "something else than farhold has written there, or it is no Redis server";
    default: return {};
  }
}

}  // namespace farhold::redis
