// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "net_address.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <farhold/error.hpp>

namespace farhold::rma {

namespace {

std::optional<std::uint16_t> port_of(std::string_view digits) noexcept {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool all = problem == std::errc{} && end == digits.data() + digits.size();
  return all && port != 0 ? std::optional(port) : std::nullopt;
}

std::optional<std::uint32_t> host_of(std::string_view text) noexcept {
  std::array<char, INET_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size()) return std::nullopt;
  text.copy(buffer.data(), text.size());
  in_addr parsed{};
  if (::inet_pton(AF_INET, buffer.data(), &parsed) != 1) return std::nullopt;
  return ntohl(parsed.s_addr);
}

/// The interface that the kernel takes for hosts it knows nothing of; empty if there is none.
std::string interface_of_default_route() {
  std::ifstream routes("/proc/net/route");
  std::string line, name, destination;
  std::getline(routes, line);
  while (std::getline(routes, line)) {
    std::istringstream fields(line);
    if (fields >> name >> destination && destination == "00000000") return name;
  }
  return {};
}

struct candidate {
  std::string interface;
  std::uint32_t host = 0;
};

/// The first IPv4 address that is up and not loopback, of interface `wanted`, or of the best one if that is
/// empty.
std::optional<candidate> find_interface(std::string_view wanted) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, &::freeifaddrs);
  const std::string leads_out = wanted.empty() ? interface_of_default_route() : std::string();
  std::optional<candidate> best;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET || (at->ifa_flags & IFF_UP) == 0)
      continue;
    if (wanted.empty() ? (at->ifa_flags & IFF_LOOPBACK) != 0 : wanted != at->ifa_name) continue;
    if (best && (wanted.empty() ? at->ifa_name != leads_out || best->interface == leads_out : true)) continue;
    best = {at->ifa_name,
            net_address::from_sockaddr(*reinterpret_cast<const sockaddr_in*>(at->ifa_addr)).host};
  }
  return best;
}

}  // namespace

std::string net_address::to_string() const {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%u.%u.%u.%u:%u", host >> 24U, host >> 16U & 0xFFU,
                host >> 8U & 0xFFU, host & 0xFFU, port);
  return text.data();
}

sockaddr_in net_address::to_sockaddr() const noexcept {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_addr.s_addr = htonl(host);
  made.sin_port = htons(port);
  return made;
}

net_address net_address::from_sockaddr(const sockaddr_in& of) noexcept {
  return {ntohl(of.sin_addr.s_addr), ntohs(of.sin_port)};
}

std::optional<net_address> net_address::parse(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = host_of(text.substr(0, colon));
  const auto port = port_of(text.substr(colon + 1));
  if (!host || !port) return std::nullopt;
  return net_address{*host, *port};
}

net_address listening_address(std::string_view said, bool for_others) {
  constexpr net_address loopback{INADDR_LOOPBACK, 0};
  if (said.empty()) {
    const auto found = for_others ? find_interface({}) : std::nullopt;
    return found ? net_address{found->host, 0} : loopback;
  }
  net_address wanted;
  std::string_view name = said;
  if (const auto colon = said.rfind(':'); colon != std::string_view::npos) {
    const auto port = port_of(said.substr(colon + 1));
    if (!port) throw error(errc::invalid_argument, "'" + std::string(said) + "' does not end with a port");
    wanted.port = *port;
    name = said.substr(0, colon);
  }
  if (const auto host = host_of(name)) {
    wanted.host = *host;
  } else if (const auto found = find_interface(name)) {
    wanted.host = found->host;
  } else {
    throw error(errc::invalid_argument, "'" + std::string(name) +
                                            "' is neither an IPv4 address nor a network interface of this "
                                            "process that is up and has one (see: ip -4 addr)");
  }
  if (wanted.host == INADDR_ANY)
    throw error(errc::invalid_argument, "0.0.0.0 is no address at which others could find this process");
  return wanted;
}

}  // namespace farhold::rma
