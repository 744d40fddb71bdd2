// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A producer is killed: killed_main --path=mapped|cma|window|service, on 3 ranks, started by killed.sh.
//
//   rank 0  reads from the producer, kills it, and goes on reading
//   rank 1  has never looked at the producer before, and does so when it is dead
//   rank 2  the producer
//
// MPI is of no use for agreements after that: ranks 0 and 1 talk through files.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "conformance/mpi_group.hpp"
#include "conformance/mpi_paths.hpp"
#include "conformance/outcome.hpp"
#include "conformance/pattern.hpp"
#include "verdict.hpp"

namespace {

using namespace farhold;
using namespace farhold::conformance;
using namespace std::chrono_literals;
using bytes = std::vector<std::byte>;
using steady = std::chrono::steady_clock;

constexpr int killer = 0, bystander = 1, producer = 2;
constexpr std::uint64_t small = 4'000, large = 6'000'011;
constexpr auto deadline = 10s;
/// What "at once" may take on a busy machine. Deaths are noticed within 10 ms.
constexpr auto at_once = 2s;

std::filesystem::path folder() {
  const char* const name = std::getenv("FARHOLD_FAULTS_DIR");
  return name != nullptr ? name : std::filesystem::temp_directory_path();
}
void announce(const char* what) { std::ofstream(folder() / what) << "\n"; }
/// Looks for the file now and then: with inotify(7) it would be more code than what is tested.
bool await(const char* what) {
  const auto end = steady::now() + 30s;
  while (!std::filesystem::exists(folder() / what) && steady::now() < end) std::this_thread::sleep_for(2ms);
  return std::filesystem::exists(folder() / what);
}

/// Until the kernel says that the process has ended.
bool await_end(int process) {
  pollfd p{process, POLLIN, 0};
  return ::poll(&p, 1, 10'000) == 1;
}

std::string text(const outcome& o) {
  std::ostringstream out;
  out << o;
  return out.str();
}

class scene {
 public:
  scene(path way, mpi_group& group)
      : way_(way),
        group_(group),
        verdict_(group.rank()),
        store_("killed", mpi::connector(MPI_COMM_WORLD, mpi_options_for(way)),
               {.inline_bytes = 0, .adopt_bytes = ~std::size_t{0}, .timeout = deadline}) {
    for (int owner = 0; owner < group.size(); ++owner) {
      keys_.push_back(put_by(owner, small, 0));
    }
    doomed_small_ = put_by(producer, small, 1);
    doomed_large_ = put_by(producer, large, 2);
    const pid_t mine = ::getpid();
    const auto* const raw = reinterpret_cast<const std::byte*>(&mine);
    const bytes pid = group.broadcast(bytes(raw, raw + sizeof mine), producer);
    std::memcpy(&pid_, pid.data(), sizeof pid_);
    group.barrier();
  }

  faults::verdict& play() {
    switch (group_.rank()) {
      case killer: kill_and_read(); break;
      case bystander: read_the_dead(); break;
      default:
        for (;;) ::pause();
    }
    return verdict_;
  }

 private:
  key put_by(int owner, std::uint64_t size_bytes, std::uint64_t object) {
    bytes encoded;
    if (group_.rank() == owner) {
      const key made = store_.put(payload(size_bytes, {static_cast<std::uint64_t>(owner), object}));
      encoded.resize(made.encoded_bytes());
      made.encode(encoded.data());
    }
    encoded = group_.broadcast(std::move(encoded), owner);
    byte_view rest = encoded;
    return key::decode(rest);
  }

  outcome read(const key& object, const origin& of) {
    bytes seen;
    outcome told = outcome_of([&] {
      seen = store_.get<bytes>(object);
      return 0;
    });
    if (told.kind == errc::ok && (seen.size() != object.size_bytes() || first_wrong(seen, of))) ++wrong_;
    return told;
  }
  void expect(const char* what, const outcome& told, errc expected, std::chrono::nanoseconds within) {
    verdict_.check(
        told.kind == expected && told.took < within,
        std::string(what) + ": " + text(told) + " (expected " + farhold::to_string(expected) + ")");
  }

  void kill_and_read() {
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    expect("a read while it lives", read(doomed_small_, {producer, 1}), errc::ok, deadline);

    // Reads begin after the death where it may break what is MPI's own: Open MPI 4 never comes back from an
    // MPI_Rget whose target ends under it, and a process that ends while it writes into MPICH's shared queue
    // of another leaves a gap there, behind which that one hears nobody any more (docs/faults.md).
    const bool may_be_inside = way_ != (is_open_mpi() ? path::window : path::service);
    std::atomic<std::int64_t> ended_at{0};
    std::thread axe([&] {
      if (may_be_inside) std::this_thread::sleep_for(20ms);  // into the reads, wherever that is
      ::kill(pid_, SIGKILL);
      if (await_end(process)) ended_at = steady::now().time_since_epoch().count();
    });
    if (!may_be_inside) {
      axe.join();
      std::this_thread::sleep_for(50ms);  // what was asked last must be older than the time between questions
    }
    outcome told;
    int whole = 0;
    const auto end = steady::now() + 2 * deadline;
    while ((told = read(doomed_large_, {producer, 2})).kind == errc::ok && steady::now() < end) ++whole;
    const auto noticed_at = steady::now().time_since_epoch().count();
    if (axe.joinable()) axe.join();
    announce("dead");

    expect("the read that met the death", told, errc::producer_lost, deadline);
    const double late_ms = static_cast<double>(noticed_at - ended_at.load()) / 1e6;
    verdict_.check(ended_at != 0 && late_ms < 2000, "noticed " + std::to_string(late_ms) +
                                                        " ms after the end, after " + std::to_string(whole) +
                                                        " whole reads");
    after_death();
  }

  void read_the_dead() {
    verdict_.check(await("dead"), "heard of the death");
    after_death();
  }

  /// What both survivors find.
  void after_death() {
    expect("a read", read(doomed_small_, {producer, 1}), errc::producer_lost, at_once);
    expect("a read of another object", read(keys_[producer], {producer, 0}), errc::producer_lost, at_once);
    expect("exists", outcome_of([&] { return store_.exists(doomed_small_); }), errc::producer_lost, at_once);
    expect("evict", outcome_of([&] {
             store_.evict(doomed_small_);
             return 0;
           }),
           errc::producer_lost, at_once);

    const int other = group_.rank() == killer ? bystander : killer;
    const auto owner = static_cast<std::uint64_t>(other);
    expect("the other survivor's object", read(keys_[static_cast<std::size_t>(other)], {owner, 0}), errc::ok,
           deadline);
    expect("a new object", outcome_of([&] { return store_.put(bytes(small)); }), errc::ok, at_once);
    verdict_.check(wrong_ == 0, "wrong bytes: " + std::to_string(wrong_));

    // The other one may still be reading from here.
    announce(group_.rank() == killer ? "killer is through" : "bystander is through");
    verdict_.check(await(group_.rank() == killer ? "bystander is through" : "killer is through"),
                   "heard of the other");
    expect("close", outcome_of([&] {
             store_.close({.timeout = 500ms});
             return 0;
           }),
           errc::timeout, 10s);
  }

  path way_;
  mpi_group& group_;
  faults::verdict verdict_;
  store store_;
  std::vector<key> keys_;  // one of each rank
  key doomed_small_, doomed_large_;
  pid_t pid_ = 0;
  int wrong_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return EXIT_FAILURE;
  constexpr std::string_view flag = "--path=";
  const std::string_view argument = argc > 1 ? argv[1] : "";
  const auto way = argument.starts_with(flag) ? mpi_path_named(argument.substr(flag.size())) : std::nullopt;
  mpi_group group(MPI_COMM_WORLD);
  if (!way || group.size() != 3) {
    std::fprintf(stderr, "usage, on 3 ranks: %s --path=mapped|cma|window|service\n", argv[0]);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  }
  try {
    scene(*way, group).play().deliver();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "rank %d: %s\n", group.rank(), problem.what());
  }
  // MPI_Finalize waits for the dead for ever, under both MPIs. A survivor that has said what it has to say
  // leaves; memory and descriptors go with the process.
  std::_Exit(EXIT_SUCCESS);
}
