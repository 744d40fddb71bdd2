// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/error.hpp>

#include <cstdio>
#include <exception>

namespace farhold {

namespace {

class farhold_category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "farhold"; }
  [[nodiscard]] std::string message(int code) const override { return to_string(static_cast<errc>(code)); }
};

}  // namespace

const std::error_category& category() noexcept {
  static const farhold_category instance;
  return instance;
}

const char* to_string(errc code) noexcept {
  switch (code) {
    case errc::ok: return "ok";
    case errc::stale: return "stale";
    case errc::not_found: return "not_found";
    case errc::producer_lost: return "producer_lost";
    case errc::unreachable: return "unreachable";
    case errc::timeout: return "timeout";
    case errc::cancelled: return "cancelled";
    case errc::wrong_type: return "wrong_type";
    case errc::corrupt: return "corrupt";
    case errc::truncated: return "truncated";
    case errc::invalid_argument: return "invalid_argument";
    case errc::out_of_memory: return "out_of_memory";
    case errc::permission: return "permission";
    case errc::unsupported: return "unsupported";
    case errc::closed: return "closed";
    case errc::store_unknown: return "store_unknown";
    case errc::transport_failure: return "transport_failure";
  }
  return "unknown farhold error";
}

void detail::precondition_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "farhold: %s:%d: broken precondition: %s\n", file, line, condition);
  std::terminate();
}

}  // namespace farhold
