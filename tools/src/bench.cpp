// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <farhold/detail/store_core.hpp>
#include <farhold/error.hpp>
#include <farhold/factory.hpp>

#include "bench_offer.hpp"
#include "bench_service.hpp"
#include "bench_stream.hpp"
#include "bench_verdict.hpp"
#include "commands.hpp"
#include "default_store.hpp"
#include "exit_codes.hpp"
#include "keep.hpp"
#include "measure.hpp"
#include "peer_process.hpp"
#include "raw_memory.hpp"
#include "signals.hpp"
#include "text.hpp"

namespace farhold::tools {

namespace {

using namespace std::chrono_literals;
using object = array<bench::word>;

constexpr auto bench_patience = 10s;
constexpr std::uint64_t largest_when_quick = 1048576;
/// Objects that are resolved in one sample. Few, so that their proxies are in a cache when their turn comes.
constexpr std::uint64_t most_at_once = 64;

std::string store_of(const options::bench_options& how) {
  return how.store.empty() ? default_store() : how.store;
}

/// Offers, until a signal comes.
int serve(const options::bench_options& how) {
  const sigset_t awaited = ending_signals();
  block(awaited);  // before the store starts threads
  bench_service service(store_of(how), true);
  const std::string line = service.token() + "\n";
  if (std::fputs(line.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return exit_local;
  say("give this token to farhold bench on another host; Ctrl-C ends it");
  int signal = 0;
  ::sigwait(&awaited, &signal);
  service.close();
  return 0;
}

/// A second process of this host.
std::unique_ptr<peer_process> start_peer(const options::bench_options& how) {
  return std::make_unique<peer_process>([&how]() -> std::string {
    try {
      static const bench_service service(store_of(how), false);  // it ends with the process
      return service.token();
    } catch (const error& problem) {
      return fmt::format("! {} {}", static_cast<int>(problem.kind()), problem.what());
    } catch (const std::exception& problem) {
      return fmt::format("! {} {}", static_cast<int>(errc::unsupported), problem.what());
    }
  });
}

std::string token_of(peer_process& peer) {
  std::string line = peer.line(bench_patience);
  if (!line.starts_with("! ")) return line;
  throw error(static_cast<errc>(std::atoi(line.c_str() + 2)), line.substr(line.find(' ', 2) + 1));
}

/// By which path the object comes, which is brought for that.
path path_of(const proxy<object>& what, const detail::store_core& through) {
  const metrics before = through.snapshot();
  what.resolve({.timeout = bench_patience});
  const metrics after = through.snapshot();
  for (std::size_t i = 0; i < path_count; ++i) {
    const auto p = static_cast<path>(i);
    if (after.on(p).resolves != before.on(p).resolves) return p;
  }
  throw error(errc::corrupt, "an object came by no path");
}

struct compared_with {
  std::string name;
  std::unique_ptr<bench::raw_source> source;  ///< null: none could be had
};

/// The same bytes by the same means. A stream where farhold's bytes are sent, and where another process's
/// memory is not to be had.
compared_with raw_for(path taken, const bench_offer& offered) {
  const bench::process_memory memory{static_cast<pid_t>(offered.pid), offered.memory_fd, bench_memory_bytes,
                                     offered.memory_address};
  const auto tried = [](const std::string& name, auto open) -> compared_with {
    try {
      auto source = open();
      bench::word first = 0;
      source->read(0, reinterpret_cast<std::byte*>(&first), sizeof first);
      if (bench::right(&first, 1, 0)) return {name, std::move(source)};
    } catch (const std::exception& problem) {
      say(fmt::format("{}: {}", name, printable(problem.what())));
    }
    return {};
  };
  compared_with made;
  if (taken == path::mapped)
    made = tried("memcpy out of a mapping", [&] { return bench::raw_mapped(memory); });
  if (taken == path::cma) made = tried("process_vm_readv", [&] { return bench::raw_cma(memory); });
  if (made.source == nullptr) {
    made = tried("TCP stream", [&] { return raw_stream(offered.host, offered.port, offered.secret); });
  }
  return made;
}

bench::body raw_body(const compared_with& with, std::uint64_t bytes) {
  const auto memory = std::make_shared<object>(bytes / sizeof(bench::word));
  return {.name = with.name,
          .prepare = [memory](std::uint64_t) { std::fill(memory->begin(), memory->end(), 0U); },
          .run =
              [memory, &with, bytes](std::uint64_t n) {
                for (; n > 0; --n) {
                  bench::forget();
                  with.source->read(0, reinterpret_cast<std::byte*>(memory->data()), bytes);
                }
              },
          .verify = [memory] { return bench::right(memory->data(), memory->size(), 0); }};
}

bench::body farhold_body(const proxy<object>& what, std::size_t beside) {
  const auto proxies = std::make_shared<std::vector<proxy<object>>>();
  return {
      .name = "farhold",
      .prepare =
          [proxies, token = what.to_bytes()](std::uint64_t n) {
            proxies->clear();
            for (; n > 0; --n) proxies->push_back(proxy<object>::from_bytes(token));
          },
      .run =
          [proxies](std::uint64_t n) {
            for (std::size_t i = 0; i < n; ++i) {
              bench::keep((*proxies)[i].resolve());
              if (i + 1 < n) (*proxies)[i] = {};  // one is looked at afterwards
            }
          },
      .verify = [proxies] { return bench::right((*proxies).back()->data(), (*proxies).back()->size(), 0); },
      .beside = beside};
}

bench_row measure(const proxy<object>& what, const compared_with& with, bool quick) {
  bench::comparison both{.name = "farhold bench"};
  if (with.source != nullptr) both.bodies.push_back(raw_body(with, what.size_bytes()));
  both.bodies.push_back(farhold_body(what, 0));
  both.max_iterations =
      std::clamp<std::uint64_t>(64 * largest_when_quick / what.size_bytes(), 1, most_at_once);
  const bench::settings how{.rounds = quick ? 15U : 201U,
                            .min_rounds = 5,
                            .sample = quick ? 100us : 2000us,
                            .budget = quick ? 300ms : 5000ms};
  bench::result r = bench::measure(both, how);
  bench_row made{.bytes = what.size_bytes()};
  made.farhold = std::move(r.bodies.back());
  if (with.source != nullptr) made.raw = std::move(r.bodies.front());
  return made;
}

double load_now() {
  double one_minute = 0;
  return ::getloadavg(&one_minute, 1) == 1 ? one_minute : 0;
}

}  // namespace

int bench(const options::bench_options& how) {
  if (how.serve) return serve(how);
  const std::unique_ptr<peer_process> peer =
      how.token.empty() ? start_peer(how) : nullptr;  // first: it forks
  const std::string token = peer != nullptr ? token_of(*peer) : how.token;
  const auto offered = proxy<bench_offer>::from_string(token).extract({.timeout = bench_patience});
  check(offered);

  bench_circumstances under{.load = load_now(),
                            .processors = std::max(1U, std::thread::hardware_concurrency())};
  const store_factory from = store_factory::from_text(token);
  under.taken = path_of(offered.objects.front(), *from.open_store());
  const compared_with with = raw_for(under.taken, offered);
  std::fputs(fmt::format("{}, {}\npath in use: {}; raw: {}\n\n", printable(from.uri()),
                         peer != nullptr ? "two processes of this host" : "with " + printable(offered.host),
                         to_string(under.taken), with.source != nullptr ? with.name : "none")
                 .c_str(),
             stdout);
  std::fputs(bench_heading().c_str(), stdout);
  std::vector<bench_row> rows;
  rows.reserve(offered.objects.size());
  for (const auto& what : offered.objects) {
    if (how.quick && what.size_bytes() > largest_when_quick) break;
    rows.push_back(measure(what, with, how.quick));
    std::fputs(bench_line(rows.back()).c_str(), stdout);
    std::fflush(stdout);
  }
  std::fputs("\n", stdout);
  for (const std::string& sentence : judged(rows, under)) std::fputs((sentence + "\n").c_str(), stdout);
  return 0;
}

}  // namespace farhold::tools
