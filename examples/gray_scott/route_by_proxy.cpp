// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <map>
#include <string>
#include <utility>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "route.hpp"
#include "simulation.hpp"

namespace gray_scott {
namespace {

using field_proxy = farhold::proxy<std::vector<double>>;

/// Producers need room for the frames in flight, and as much again for evicted ones: their memory rests for a
/// grace period before it is used anew, so that a late reader finds a stale object and not another's bytes.
std::size_t arena_bytes(const parameters& numbers, MPI_Comm comm) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int simulations = size - 2;
  if (rank >= simulations) {
    return std::size_t{1} << 20U;  // publishes nothing
  }
  const std::size_t slab_bytes = static_cast<std::size_t>(slab_of(rank, simulations, numbers.rows).rows) *
                                 static_cast<std::size_t>(numbers.columns) * sizeof(double);
  const std::size_t fields = 2 * static_cast<std::size_t>(numbers.frames_in_flight + 1);
  return 2 * fields * (slab_bytes + 4096) + (std::size_t{1} << 20U);
}

/// In this job every rank has the store, so tokens need not say how to open it.
constexpr farhold::token_form form = farhold::token_form::compact;

/// Only tokens are in the letter. The cells stay in the arena of the rank that made them until the analysis
/// touches its proxies, and then cross once, from there to the analysis.
class route_by_proxy final : public frame_route {
 public:
  route_by_proxy(way w, const parameters& numbers, MPI_Comm comm)
      : store_(std::string("gray_scott_") + name_of(w),
               farhold::mpi::connector(comm, {.arena_bytes = arena_bytes(numbers, comm),
                                              .same_host = w == way::window ? farhold::same_host::off
                                                                            : farhold::same_host::automatic}),
               {.inline_bytes = 0}) {}  // small slabs, too, shall show how they travel

  std::vector<std::byte> enclose(const frame_descriptor& about, std::vector<double> u,
                                 std::vector<double> v) override {
    // Copied into the arena, which mappings and windows reach: a large vector that is moved in stays where it
    // lies, and comes by process_vm_readv or the service.
    const field_proxy proxy_u = store_.proxy(u);
    const field_proxy proxy_v = store_.proxy(v);
    in_flight_[about.frame] = {proxy_u.key(), proxy_v.key()};
    const std::vector<std::byte> token_u = proxy_u.to_bytes(form);
    const std::vector<std::byte> token_v = proxy_v.to_bytes(form);
    traffic_.token_bytes += token_u.size() + token_v.size();
    return write_letter(about, token_u, token_v);
  }

  void retire(std::int32_t frame) override {
    for (const farhold::key& key : in_flight_.at(frame)) {
      store_.evict(key);
    }
    in_flight_.erase(frame);
  }

  void deliver(const letter& mail, frame_analysis& frame) override {
    const field_proxy u = field_proxy::from_bytes(mail.u);
    const field_proxy v = field_proxy::from_bytes(mail.v);
    frame.add(mail.descriptor, u, v);  // unmodified: to it, a proxy is a const std::vector<double>&
    traffic_.token_bytes += mail.u.size() + mail.v.size();
  }

  /// What this rank did with payload is what its store counted, not what this file believes.
  void close() override {
    const farhold::metrics counted = store_.metrics();
    traffic_.payload_bytes += counted.published_bytes;
    for (std::size_t i = 0; i < farhold::path_count; ++i) {
      const auto path = static_cast<farhold::path>(i);
      if (counted.on(path).resolves > 0) {
        traffic_.resolves[std::string(to_string(path))] = counted.on(path).resolves;
        traffic_.payload_bytes += counted.on(path).bytes;
      }
    }
    traffic_.served = counted.service_requests;
    store_.close();
  }

 private:
  farhold::store store_;
  std::map<std::int32_t, std::array<farhold::key, 2>> in_flight_;
};

}  // namespace

std::unique_ptr<frame_route> open_route_by_proxy(way w, const parameters& numbers, MPI_Comm comm) {
  return std::make_unique<route_by_proxy>(w, numbers, comm);
}

}  // namespace gray_scott
