// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <netinet/in.h>

namespace farhold::rma {

/// An IPv4 address and port: where a process listens, "10.0.0.1:40000" in tokens. IPv4 is what all fabrics
/// have: UCX 1.13 knows no IPv6 for its tcp transport, and verbs have IPv4 for their connection manager.
struct net_address {
  std::uint32_t host = 0;  ///< in the host's byte order
  std::uint16_t port = 0;

  [[nodiscard]] bool is_loopback() const noexcept { return host >> 24U == 127; }
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] sockaddr_in to_sockaddr() const noexcept;
  static net_address from_sockaddr(const sockaddr_in& of) noexcept;
  /// Nothing if `text` is anything else than "A.B.C.D:PORT" with a port that is not 0.
  static std::optional<net_address> parse(std::string_view text) noexcept;

  friend bool operator==(const net_address&, const net_address&) = default;
};

/// Where to listen, given what the user said: an address or the name of an interface, perhaps ":PORT". If
/// that was nothing: an address of the interface that leads out of this host if `for_others`; else, or if
/// there is none, a loopback address. The port is 0 if none was said. Throws `invalid_argument`.
net_address listening_address(std::string_view said, bool for_others);

}  // namespace farhold::rma
