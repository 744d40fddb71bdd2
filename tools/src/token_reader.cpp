// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "token_reader.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <farhold/error.hpp>

#include "detail/descriptor.hpp"

namespace farhold::tools {

using farhold::detail::descriptor;

namespace {
/// Portable tokens have at most 344 characters, and one with an inlined object some 1,800; users may inline
/// more.
constexpr std::size_t most_characters = std::size_t{1} << 20U;
constexpr std::string_view space = " \t\r\n";
}  // namespace

token_reader::token_reader(std::vector<std::string> arguments, std::stop_token stop)
    : arguments_(std::move(arguments)), stop_(std::move(stop)) {}

std::optional<std::string> token_reader::next() {
  while (true) {
    if (from_stdin_) {
      if (auto token = next_of_stdin()) return token;
      from_stdin_ = false;
    }
    if (used_ == arguments_.size()) return std::nullopt;
    std::string argument = std::move(arguments_[used_++]);
    if (argument != "-") return argument;
    from_stdin_ = true;
  }
}

std::optional<std::string> token_reader::next_of_stdin() {
  for (bool more = true;;) {
    unread_.erase(0, unread_.find_first_not_of(space));
    const std::size_t end = unread_.find_first_of(space);
    if (end != std::string::npos || (!more && !unread_.empty())) {
      std::string token = unread_.substr(0, end);
      unread_.erase(0, token.size());
      return token;
    }
    if (!more) return std::nullopt;
    if (unread_.size() > most_characters) throw error(errc::corrupt, "what comes on stdin is no token");
    more = read_more();
  }
}

bool token_reader::read_more() {
  const descriptor stopped(::eventfd(0, EFD_CLOEXEC));
  const std::stop_callback wake(stop_, [&] { ::eventfd_write(stopped.get(), 1); });
  std::array<pollfd, 2> awaited{{{STDIN_FILENO, POLLIN, 0}, {stopped.get(), POLLIN, 0}}};
  while (::poll(awaited.data(), awaited.size(), -1) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "stdin");
  }
  if (stop_.stop_requested()) throw error(errc::cancelled, "stopped while waiting for a token");
  std::array<char, 4096> some{};
  const ssize_t got = ::read(STDIN_FILENO, some.data(), some.size());
  if (got < 0) throw std::system_error(errno, std::generic_category(), "stdin");
  unread_.append(some.data(), static_cast<std::size_t>(got));
  return got > 0;
}

}  // namespace farhold::tools
