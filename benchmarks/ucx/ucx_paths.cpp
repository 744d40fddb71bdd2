// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Resolves over UCX, between processes that have not met, beside ucp_get_nbx of as many bytes from the same
// process, with the same UCX settings.
//
//   ucx_paths [--json FILE] [--quick] [--filter TEXT] [--rounds N] [--largest SIZE]
#include <cstdlib>
#include <string>

#include <ucp/api/ucp.h>

#include <farhold/ucx.hpp>

#include "network_paths.hpp"
#include "raw_ucx.hpp"

namespace farhold::bench {

namespace {

/// Connections by a listener are made over a network, whatever is used then.
class ucx_way final : public network_way {
 public:
  /// `tls` is what UCX may use.
  ucx_way(const char* name, const char* tls) : name_(name), tls_(tls) {}

  void settle() const override { ::setenv("UCX_TLS", tls_, 1); }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] path expected() const override { return path::service; }
  [[nodiscard]] std::vector<std::string> meetings() const override {
    return {"by worker address", "by listener"};
  }

  [[nodiscard]] std::unique_ptr<connector> make_connector(std::uint64_t arena_bytes,
                                                          same_host how) const override {
    return ucx::connector({.arena_bytes = arena_bytes, .same_host = how});
  }
  [[nodiscard]] std::unique_ptr<raw_exposed> expose(std::span<word> memory) const override {
    return std::make_unique<ucx_exposed>(memory);
  }
  [[nodiscard]] std::unique_ptr<raw_end> open_raw() const override { return std::make_unique<ucx_end>(); }

 private:
  const char* name_;
  const char* tls_;
};

/// What farhold sets by itself, for the raw side too. And, since they are asked for here, UCX's shared memory
/// for endpoints that are told of failures.
void settle_ucx() {
  for (const char* setting :
       {"UCX_TCP_TX_SEG_SIZE=64K", "UCX_KEEPALIVE_INTERVAL=1s", "UCX_POSIX_ERROR_HANDLING=y",
        "UCX_SYSV_ERROR_HANDLING=y", "UCX_WARN_UNUSED_ENV_VARS=n"}) {
    const std::string text(setting);
    const auto equals = text.find('=');
    ::setenv(text.substr(0, equals).c_str(), text.substr(equals + 1).c_str(), 0);
  }
}

}  // namespace

}  // namespace farhold::bench

int main(int argc, char** argv) {
  using namespace farhold::bench;
  settle_ucx();
  const ucx_way tcp("tcp", "tcp,self");
  const ucx_way memory("memory", "posix,sysv,cma,self,tcp");
  return measure_network(
      argc, argv,
      {.name = "ucx_paths",
       .purpose = "Resolves over UCX, beside ucp_get_nbx. Starts the other processes itself.",
       .ways = {&tcp, &memory},
       .conditions = [] {
         return provenance{{"ucx", ::ucp_get_version_string()}, {"transports", "ucx"}};
       }});
}
