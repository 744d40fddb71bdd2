// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "providers.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>

#include <netinet/in.h>

namespace farhold::ofi {

namespace detail {

namespace {

/// What is known of a provider, by how its name begins; the best first. Others are used if they are named.
struct rank {
  std::string_view prefix;
  bool in_hardware;
  bool untested;
};
/// `tcp` without ofi_rxm is of libfabric 1.18 and later.
constexpr std::array ranks{
    rank{"cxi", true, true},           rank{"verbs", true, false}, rank{"efa", true, true},
    rank{"opx", true, true},           rank{"psm3", true, true},   rank{"psm2", true, true},
    rank{"tcp;ofi_rxm", false, false}, rank{"tcp", false, true},   rank{"net", false, false},
};

/// Never unasked: `shm` does not look at keys, `sockets` burns a core, `udp` reads no 0 bytes.
std::size_t rank_of(std::string_view name) noexcept {
  const auto at = std::ranges::find_if(ranks, [&](const rank& r) { return name.starts_with(r.prefix); });
  return static_cast<std::size_t>(at - ranks.begin());
}

/// Those that have all of `caps`. What this transport can do without is not asked for, and what it knows how
/// to live with is offered.
fi_info* ask(std::uint64_t caps) noexcept {
  const std::unique_ptr<fi_info, void (*)(fi_info*)> hints(::fi_allocinfo(), &::fi_freeinfo);
  if (hints == nullptr) return nullptr;
  hints->caps = caps;
  hints->mode = FI_CONTEXT | FI_CONTEXT2;
  hints->ep_attr->type = FI_EP_RDM;
  hints->domain_attr->mr_mode =
      FI_MR_VIRT_ADDR | FI_MR_PROV_KEY | FI_MR_LOCAL | FI_MR_ENDPOINT | FI_MR_ALLOCATED;
  hints->domain_attr->threading = FI_THREAD_SAFE;
  fi_info* found = nullptr;
  return ::fi_getinfo(FI_VERSION(1, 14), nullptr, nullptr, 0, hints.get(), &found) == 0 ? found : nullptr;
}

constexpr std::uint64_t needed_caps = FI_RMA | FI_READ | FI_REMOTE_READ;

/// Never freed: endpoints may be made from it until the process ends.
const fi_info* all() noexcept {
  static const fi_info* const found = ask(needed_caps);
  return found;
}

/// Memory that reads land in would have to be bound to an endpoint that comes and goes.
bool is_usable(const fi_info& info) noexcept {
  constexpr int both = FI_MR_LOCAL | FI_MR_ENDPOINT;
  return (info.domain_attr->mr_mode & both) != both;
}

/// The IPv4 address it would have; nothing if its addresses are of another kind.
std::optional<rma::net_address> address_of(const fi_info& info) noexcept {
  const auto* const at = static_cast<const sockaddr_in*>(info.src_addr);
  if (info.addr_format != FI_SOCKADDR_IN || at == nullptr) return std::nullopt;
  return rma::net_address::from_sockaddr(*at);
}

bool is_of_ip(const fi_info& info) noexcept {
  return info.addr_format == FI_SOCKADDR || info.addr_format == FI_SOCKADDR_IN ||
         info.addr_format == FI_SOCKADDR_IN6;
}

}  // namespace

std::string name_of(const fi_info& info) {
  const char* const name = info.fabric_attr->prov_name;
  return name != nullptr ? name : "";
}

std::set<std::string> names_with_atomics() {
  const std::unique_ptr<fi_info, void (*)(fi_info*)> all(ask(needed_caps | FI_ATOMIC), &::fi_freeinfo);
  std::set<std::string> names;
  for (const fi_info* at = all.get(); at != nullptr; at = at->next) names.insert(name_of(*at));
  return names;
}

const fi_info* choose_provider(std::string_view wanted, const rma::net_address& where) {
  const fi_info* best = nullptr;
  std::pair<std::size_t, bool> best_rank{ranks.size() + (wanted.empty() ? 0U : 1U), false};
  for (const fi_info* at = all(); at != nullptr; at = at->next) {
    const std::string name = name_of(*at);
    if (!name.starts_with(wanted) || !is_usable(*at)) continue;
    const std::size_t place = rank_of(name);
    const bool in_hardware = place < ranks.size() && ranks[place].in_hardware;
    const auto address = address_of(*at);
    const bool fits = address ? address->host == where.host : !is_of_ip(*at);
    if (!fits && !(in_hardware && address)) continue;
    const std::pair candidate{place, !fits};
    if (candidate >= best_rank) continue;
    best = at;
    best_rank = candidate;
  }
  return best;
}

}  // namespace detail

std::vector<provider> providers() {
  std::vector<std::pair<std::size_t, provider>> found;
  for (const fi_info* at = detail::all(); at != nullptr; at = at->next) {
    const std::string name = detail::name_of(*at);
    if (std::ranges::any_of(found, [&](const auto& known) { return known.second.name == name; })) continue;
    const std::size_t place = detail::rank_of(name);
    const bool known = place < detail::ranks.size();
    found.push_back({place,
                     {.name = name,
                      .in_hardware = known && detail::ranks[place].in_hardware,
                      .used_unasked = known && detail::is_usable(*at),
                      .untested = known && detail::ranks[place].untested}});
  }
  std::ranges::stable_sort(found, {}, [](const auto& one) { return one.first; });
  std::vector<provider> made;
  made.reserve(found.size());
  for (auto& one : found) made.push_back(std::move(one.second));
  return made;
}

}  // namespace farhold::ofi
