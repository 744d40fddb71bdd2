// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>

/// Checks a precondition. A broken one is a bug of the caller: it prints the condition and terminates.
#define FARHOLD_EXPECTS(condition)       \
  (static_cast<bool>(condition) ? void() \
                                : ::farhold::detail::precondition_failed(#condition, __FILE__, __LINE__))

namespace farhold {

/// What went wrong, one meaning each, everywhere.
enum class errc : std::int32_t {
  ok = 0,
  stale,              ///< the object was evicted; its proxies can no longer be transferred
  not_found,          ///< the connector knows no such object
  producer_lost,      ///< the process that held the object is gone, or was restarted
  unreachable,        ///< no path leads to the producer
  timeout,            ///< the deadline passed; the landing memory may be quarantined
  cancelled,          ///< the caller gave up
  wrong_type,         ///< the object is of another type than the one asked for
  corrupt,            ///< bytes that farhold did not write, or that changed on the way
  truncated,          ///< a token or message ended early
  invalid_argument,   ///< the call itself makes no sense; the message says which part
  out_of_memory,      ///< an arena, a host or a limit is full
  permission,         ///< the operating system or an admission check refused
  unsupported,        ///< this connector or type cannot do that
  closed,             ///< the store was closed, or belongs to the parent of a forked process
  store_unknown,      ///< no store of that name is open here and the proxy's URI cannot be opened
  transport_failure,  ///< the fabric reported an error; the native code is in the message
};

/// The category of `farhold::errc` codes; its name is "farhold".
const std::error_category& category() noexcept;

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

/// The identifier of an error as the documentation spells it, such as "producer_lost".
const char* to_string(errc code) noexcept;

/// What the public surface throws. `what()` names the store, the object and the cure.
class error : public std::system_error {
 public:
  error(errc code, const std::string& message) : std::system_error(make_error_code(code), message) {}

  [[nodiscard]] errc kind() const noexcept { return static_cast<errc>(code().value()); }
};

/// The outcome of a call of the connector and transport interfaces, which never throw.
struct [[nodiscard]] status {
  errc code = errc::ok;
  std::int32_t native = 0;  ///< the code of the layer beneath (errno, MPI, UCX …), 0 if there is none
  const char* where = "";   ///< a string literal: the step that failed

  [[nodiscard]] constexpr bool ok() const noexcept { return code == errc::ok; }
};
static_assert(sizeof(status) == 16 && std::is_trivially_copyable_v<status>);

namespace detail {
[[noreturn]] void precondition_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace detail

}  // namespace farhold

template <>
struct std::is_error_code_enum<farhold::errc> : std::true_type {};
