// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <farhold/transport.hpp>

#include "domain.hpp"
#include "exposure.hpp"
#include "offer.hpp"
#include "reader.hpp"
#include "rma/net_address.hpp"
#include "rma/peer_slots.hpp"

namespace farhold::ofi::detail {

/// Reads of other processes' arenas by libfabric, both ways: an endpoint that exposes and one that reads, on
/// one domain of the chosen provider. What peers need to read here is an offer, which goes to those who were
/// admitted (control channel) and to nobody else.
///
/// Lifetime  `open` and `close` once.
/// Threads   All but `open` and `close`.
/// Progress  Providers in software read only while the process that is read progresses.
class remote_reads {
 public:
  remote_reads() = default;
  remote_reads(const remote_reads&) = delete;
  remote_reads& operator=(const remote_reads&) = delete;
  ~remote_reads() { close(); }

  /// No provider, or one that cannot be opened, is a failure only if it was `named`; `why_not` then says
  /// more.
  status open(byte_span memory, const std::string& named, const rma::net_address& where) noexcept;
  void close() noexcept;
  /// Why there are none.
  void leave_out(std::string why) { why_not_ = std::move(why); }
  [[nodiscard]] bool are_up() const noexcept { return up_; }
  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }

  [[nodiscard]] byte_view told_to_others() const noexcept { return told_; }
  /// Takes down what a peer offers; if there is nothing in it for us, it is asked to send, and the first time
  /// the provider that is missing here is named.
  void accept(peer_id from, byte_view offer) noexcept;

  [[nodiscard]] bool wants(peer_id peer) noexcept;
  status start(remote_read& read) noexcept;
  status test(remote_read& read, bool& done) noexcept { return reader_.test(read, done); }

  bool progress() noexcept;
  /// Readable when others read; below 0: the provider cannot wait.
  [[nodiscard]] int event_fd() const noexcept { return exposure_.at().wait_fd; }
  [[nodiscard]] bool arm() noexcept;

 private:
  status start_up(byte_span memory, const fi_info& chosen);
  [[nodiscard]] std::string what_is_missing(const offer& theirs) const;

  bool wanted_ = false;
  bool up_ = false;
  std::string why_not_;
  domain domain_;
  exposure exposure_;
  reader reader_;
  offer mine_;
  std::vector<std::byte> told_;

  std::mutex accepting_;
  bool told_of_missing_ = false;
  rma::peer_slots<far_arena> peers_;
};

}  // namespace farhold::ofi::detail
