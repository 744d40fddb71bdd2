// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include <farhold/error.hpp>
#include <farhold/store.hpp>

#include "commands.hpp"
#include "default_store.hpp"
#include "exit_codes.hpp"
#include "offer.hpp"
#include "signals.hpp"
#include "text.hpp"

namespace farhold::tools {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// How long readers that are busy may keep a file when it is withdrawn. A writer who waits for a lease waits
/// for at most /proc/sys/fs/lease-break-time, 45 s unless set.
constexpr auto patience = 10s;
/// How often receipts are looked for. Nothing is looked for without --reads.
constexpr auto look = 50ms;

/// A mapped file cannot shrink under its lease, unless this process was stopped for so long that the kernel
/// broke it, or the disk fails. There are no right bytes to send then.
void install_last_resort() {
  struct sigaction action {};
  action.sa_handler = [](int) {
    constexpr char text[] = "farhold: a file that is offered cannot be read any more; giving up\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, sizeof text - 1);
    ::_exit(exit_local);
  };
  ::sigaction(SIGBUS, &action, nullptr);
}

class service {
 public:
  explicit service(const options::put_options& how)
      : how_(how),
        store_(store::open("farhold", how.store.empty() ? default_store() : how.store, {.inline_bytes = 0})) {
  }

  int run() {
    if (how_.duration) end_ = clock::now() + *how_.duration;
    for (const std::string& path : how_.files) start(path);
    sigset_t awaited = ending_signals();
    sigaddset(&awaited, input_file::lease_signal());
    for (bool on = true; on;) {
      siginfo_t what{};
      const int signal = wait(awaited, what);
      if (signal == input_file::lease_signal()) {
        yield(what.si_fd);
      } else if (signal > 0) {
        on = false;
      } else if (end_ && clock::now() >= *end_) {
        if (how_.reads > 0) status_ = exit_code(errc::timeout);
        on = false;
      }
      if (how_.reads > 0) look_for_receipts();
      if (std::ranges::all_of(offers_, [](const auto& o) { return o->withdrawn(); })) on = false;
    }
    finish();
    return status_;
  }

 private:
  void note(std::string_view message) const {
    if (!how_.quiet) say(message);
  }

  void start(const std::string& path) {
    const auto& made = *offers_.emplace_back(std::make_unique<offer>(store_, path, how_.copy, how_.reads));
    reads_.push_back(0);
    const std::string line = made.token() + "\n";
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0)
      throw std::system_error(errno, std::generic_category(), "stdout");
    note(fmt::format("{}: {}, {}", printable(made.file().name()), human_bytes(made.file().size_bytes()),
                     made.in_place() ? "read where it lies" : "copied into memory"));
  }

  /// The signal that came, or 0 when it is time to look around.
  int wait(const sigset_t& awaited, siginfo_t& what) const {
    std::optional<clock::duration> longest;
    if (end_) longest = std::max<clock::duration>(*end_ - clock::now(), 0ns);
    if (how_.reads > 0) longest = std::min<clock::duration>(longest.value_or(look), look);
    int signal = 0;
    if (longest) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*longest);
      const timespec time{seconds.count(), static_cast<long>((*longest - seconds).count())};
      signal = ::sigtimedwait(&awaited, &what, &time);
    } else {
      signal = ::sigwaitinfo(&awaited, &what);
    }
    return std::max(signal, 0);
  }

  /// Somebody wants to write to a file.
  void yield(int fd) {
    for (const auto& one : offers_) {
      if (!one->file().leased_on(fd)) continue;
      say(fmt::format("{}: somebody opens it for writing, its token is withdrawn",
                      printable(one->file().name())));
      withdraw(*one);
      status_ = exit_local;
    }
  }

  void look_for_receipts() {
    for (std::size_t i = 0; i < offers_.size(); ++i) {
      if (offers_[i]->withdrawn()) continue;
      const std::uint32_t count = offers_[i]->count_reads();
      if (count == reads_[i]) continue;
      reads_[i] = count;
      note(fmt::format("{}: read {} of {}", printable(offers_[i]->file().name()), count, how_.reads));
      if (count == how_.reads) withdraw(*offers_[i]);
    }
  }

  static void withdraw(offer& one) {
    try {
      one.withdraw(patience);
    } catch (const error& problem) {
      say(fmt::format("{}: {}", printable(one.file().name()), problem.what()));
    }
  }

  void finish() {
    // From here on a second signal ends the process at once.
    const sigset_t signals = ending_signals();
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    for (const auto& one : offers_) {
      if (!one->withdrawn()) withdraw(*one);
    }
    store_.close({.timeout = patience});
  }

  const options::put_options& how_;
  store store_;
  std::vector<std::unique_ptr<offer>> offers_;
  std::vector<std::uint32_t> reads_;
  std::optional<clock::time_point> end_;
  int status_ = 0;
};

}  // namespace

int put(const options::put_options& how) {
  sigset_t blocked = ending_signals();
  sigaddset(&blocked, input_file::lease_signal());
  block(blocked);  // before the store starts threads
  install_last_resort();
  return service(how).run();
}

}  // namespace farhold::tools
