// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// As staleness_stress, between processes of their own, which have met by a token only, by all
// that fabric_under_stress.hpp says of it, with and without faults. Wrong bytes must be 0, and the producer
// must not end.
//
//   network_staleness_stress [resolves, over all configurations: 15000]
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <farhold/farhold.hpp>

#include "fabric_under_stress.hpp"
#include "pauses.hpp"
#include "staleness.hpp"

namespace {

using namespace farhold::stress;

constexpr int consumers = 2;
/// Few, because messages take longer than the producer takes to end what it offered.
constexpr std::size_t at_once = 4;

struct pipe_ends {
  pipe_ends() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    for (const int end : ends) ::close(end);
  }
  void write(const void* from, std::size_t bytes) const {
    const auto* at = static_cast<const char*>(from);
    while (bytes > 0) {
      const ssize_t done = ::write(ends[1], at, bytes);
      if (done <= 0) throw std::runtime_error("write to a pipe");
      at += done;
      bytes -= static_cast<std::size_t>(done);
    }
  }
  void read(void* to, std::size_t bytes) const {
    auto* at = static_cast<char*>(to);
    while (bytes > 0) {
      const ssize_t done = ::read(ends[0], at, bytes);
      if (done <= 0) throw std::runtime_error("read from a pipe");
      at += done;
      bytes -= static_cast<std::size_t>(done);
    }
  }
  [[nodiscard]] bool has_something() const {
    pollfd ready{ends[0], POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }
  std::array<int, 2> ends{};
};

/// Of one consumer: its wishes, and what it gets.
struct line {
  enum class wish : char { offers, end };
  pipe_ends wishes, answers;
};
using lines = std::array<line, consumers>;
struct token {  // a portable one
  std::size_t size = 0;
  std::array<std::byte, 256> bytes{};
};

class all_consumers {
 public:
  all_consumers(lines& to, const token& first) : to_(to) {
    for (line& l : to_) l.answers.write(&first, sizeof first);
  }
  bool all_done() const { return done_ == consumers; }
  void answer(const offers& current) {
    for (line& l : to_) {
      if (!l.wishes.has_something()) continue;
      line::wish what{};
      l.wishes.read(&what, sizeof what);
      if (what == line::wish::end) {
        ++done_;
      } else {
        l.answers.write(current.data(), sizeof current);
      }
    }
  }

 private:
  lines& to_;
  int done_ = 0;
};

class the_producer {
 public:
  explicit the_producer(line& to) : to_(to) {}
  void ask(offers& current) {
    wish(line::wish::offers);
    to_.answers.read(current.data(), sizeof current);
  }
  void done() { wish(line::wish::end); }

 private:
  void wish(line::wish what) { to_.wishes.write(&what, sizeof what); }
  line& to_;
};

farhold::store open_store(const configuration& c, const wire& over, int process,
                          const std::shared_ptr<farhold::fault::counts>& faults) {
  const std::uint64_t seed = static_cast<std::uint64_t>(process) + 1;
  auto made = connector(c, over, faults_of(c, seed, faults));
  return {"stress", process == 0 ? std::move(made) : with_faults(std::move(made), c, seed),
          settings_of(c, process == 0)};
}

/// Is introduced to the producer, which with faults in the fabric may take a few attempts.
void meet(const token& first) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  const auto introduction =
      farhold::proxy<words>::from_bytes(farhold::byte_view(first.bytes).first(first.size));
  for (;;) {
    try {
      introduction.resolve({.timeout = 5s});
      return;
    } catch (const farhold::error&) {
      if (std::chrono::steady_clock::now() > end) throw;
    }
  }
}

/// The life of a process: the producer is number 0.
tally live(const configuration& c, const wire& over, std::uint64_t reads, int process, lines& all) {
  const pauses stopped_at_random;
  const auto faults = std::make_shared<farhold::fault::counts>();
  farhold::store store = open_store(c, over, process, faults);
  tally mine;
  if (process == 0) {
    const auto p = store.proxy(words(512, word{1}));
    const auto bytes = p.to_bytes();
    token first{bytes.size(), {}};
    std::copy(bytes.begin(), bytes.end(), first.bytes.begin());
    all_consumers others(all, first);
    produce(store, others, reads);
  } else {
    line& mine_only = all[static_cast<std::size_t>(process - 1)];
    token first;
    mine_only.answers.read(&first, sizeof first);
    meet(first);
    the_producer other(mine_only);
    consume(store, c, reads / consumers + 1, process == 1, at_once, static_cast<unsigned>(process), other,
            mine);
  }
  add_counts(store.metrics(), *faults, stopped_at_random.count(), process == 0, c, mine);
  store.close({.timeout = 30s});
  return mine;
}

/// One configuration, by new processes. False if one of them did not end as it should.
bool run(const configuration& c, const wire& over, std::uint64_t reads, tally& sum) {
  lines all;
  std::array<pipe_ends, consumers + 1> results;
  std::array<pid_t, consumers + 1> processes{};
  for (int i = 0; i <= consumers; ++i) {
    processes[static_cast<std::size_t>(i)] = ::fork();
    if (processes[static_cast<std::size_t>(i)] != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      const tally mine = live(c, over, reads, i, all);
      results[static_cast<std::size_t>(i)].write(&mine, sizeof mine);
      ::_exit(0);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s_staleness_stress: %s: %s\n", fabric, i == 0 ? "producer" : "consumer",
                   problem.what());
      ::_exit(1);
    }
  }
  bool good = true;
  for (int left = consumers + 1; left > 0; --left) {
    int status = 0;
    const pid_t ended = ::wait(&status);
    if (good && status != 0) {
      std::fprintf(stderr, "%s_staleness_stress: the %s ended with status %x\n", fabric,
                   ended == processes[0] ? "producer" : "consumer", static_cast<unsigned>(status));
      for (const pid_t process : processes) ::kill(process, SIGKILL);  // they wait for each other
      good = false;
    }
  }
  if (!good) return false;
  for (const pipe_ends& from : results) {
    tally one;
    from.read(&one, sizeof one);
    sum.add(one);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 15'000;
  const std::vector<use> all = all_uses();
  std::vector<std::string> faults;
  std::map<farhold::path, tally> by_path;
  for (const use& u : all) {
    const std::string name = u.how.name + " over " + u.over.name;
    tally t;
    if (!run(u.how, u.over, wanted / all.size() + 1, t)) faults.push_back(name + ": a process ended");
    print(name, u.how.grace, t);
    judge(u.how, t, faults);
    if (can_be_reused_during_read(u.how) && t.reused_during_read == 0)
      faults.push_back(name + ": no object died while it was read");
    by_path[u.how.way].add(t);
  }
  std::vector<configuration> configurations;
  for (const use& u : all) configurations.push_back(u.how);
  judge_together(configurations, by_path, wanted, faults);

  // The same readers without validation must find wrong bytes, or all of the above proves nothing.
  farhold::rma::testing::accept_everything = true;
  for (const use& u : all) {
    if (!shows_what_validation_does(u.how)) continue;
    tally t;
    run(u.how, u.over, 4000, t);
    const std::string name = u.how.name + " over " + u.over.name + ", validation off";
    print(name, u.how.grace, t);
    if (t.wrong == 0) faults.push_back(name + ": found no wrong bytes");
  }

  for (const std::string& fault : faults) std::printf("FAILED %s\n", fault.c_str());
  tally total;
  for (const auto& [way, t] : by_path) total.add(t);
  print("all", 0ms, total);
  return faults.empty() ? 0 : 1;
}
