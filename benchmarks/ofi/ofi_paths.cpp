// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Resolves over libfabric, between processes that have not met, beside fi_read of as many bytes from the same
// process, by the same provider.
//
//   ofi_paths [--json FILE] [--quick] [--filter TEXT] [--rounds N] [--largest SIZE]
//
// The provider is the one that a store with a job secret takes. FI_PROVIDER=net leaves another choice.
#include <algorithm>
#include <stdexcept>
#include <string>

#include <rdma/fabric.h>

#include <farhold/ofi.hpp>

#include "network_paths.hpp"
#include "raw_ofi.hpp"

namespace farhold::bench {

namespace {

const std::string& provider_here() {
  static const std::string found = [] {
    const std::vector<ofi::provider> all = ofi::providers();
    const auto best = std::ranges::find_if(all, &ofi::provider::used_unasked);
    if (best == all.end()) throw std::runtime_error("libfabric has no provider that is used unasked");
    return best->name;
  }();
  return found;
}

/// With a named provider every object comes by its reads.
class ofi_way final : public network_way {
 public:
  ofi_way(const char* name, farhold::validation validation) : name_(name), validation_(validation) {}

  void settle() const override {}
  [[nodiscard]] std::string name() const override {
    return "ofi " + provider_here().substr(0, provider_here().find(';')) + ", " + name_;
  }
  [[nodiscard]] path expected() const override { return path::window; }
  [[nodiscard]] std::vector<std::string> meetings() const override { return {"vector"}; }

  [[nodiscard]] std::unique_ptr<connector> make_connector(std::uint64_t arena_bytes,
                                                          same_host how) const override {
    return ofi::connector({.arena_bytes = arena_bytes,
                           .provider = provider_here(),
                           .same_host = how,
                           .validation = validation_});
  }
  [[nodiscard]] std::unique_ptr<raw_exposed> expose(std::span<word> memory) const override {
    return std::make_unique<ofi_exposed>(provider_here(), memory);
  }
  [[nodiscard]] std::unique_ptr<raw_end> open_raw() const override {
    return std::make_unique<ofi_end>(provider_here());
  }

 private:
  const char* name_;
  farhold::validation validation_;
};

}  // namespace

}  // namespace farhold::bench

int main(int argc, char** argv) {
  using namespace farhold;
  using namespace farhold::bench;
  const ofi_way fast("fast", validation::fast);
  const ofi_way recheck("recheck", validation::recheck);
  return measure_network(
      argc, argv,
      {.name = "ofi_paths",
       .purpose = "Resolves over libfabric, beside fi_read. Starts the other processes itself.",
       .ways = {&fast, &recheck},
       .conditions = [] {
         return provenance{
             {"ofi", ::fi_tostr("", FI_TYPE_VERSION)}, {"provider", provider_here()}, {"transports", "ofi"}};
       }});
}
