// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <memory_resource>
#include <optional>
#include <thread>
#include <utility>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "applications.hpp"
#include "instructions.hpp"
#include "pattern.hpp"
#include "processor_use.hpp"
#include "sizes.hpp"
#include "uninitialised.hpp"

namespace farhold::bench {

namespace {

constexpr int simulation = 1;
constexpr int reader = 2;
constexpr int proxy_tag = 1;
constexpr int seen_tag = 2;
constexpr std::uint64_t field_words = mib / sizeof(word);
constexpr std::uint64_t used_words = 14 * field_words;
constexpr std::size_t room_bytes = 16 * mib;
constexpr int step_multiplications = 5'000'000;  // about 20 ms
constexpr std::size_t in_flight = 4;             ///< so many steps ahead of the reader

/// What is done with the field of every step.
struct treatment {
  const char* name;
  bool store;
  bool publish;
  bool read;
  mpi::options how;
};

/// What the simulation's process used, over all runs.
struct bill {
  double steps = 0;
  processor_use computing;  ///< the thread that computes
  processor_use process;    ///< all threads
  double instructions = 0;
};

class overlap_run {
 public:
  overlap_run(const stage& all, const treatment& how, int steps,
              const std::shared_ptr<std::vector<bill>>& bills, std::size_t index)
      : all_(all), how_(how), steps_(steps), bills_(bills), index_(index) {}

  void prepare() {
    instructions_.emplace();  // before the store starts threads
    if (!how_.store) return;
    store_.emplace("overlap", mpi::connector(all_.comm(), how_.how));
    // A simulation runs for long: its arena has been used, and its progress thread has found its slow gear.
    if (all_.rank() == simulation) {
      const std::pmr::vector<word> touched(used_words, store_->memory_resource());
    }
    if (!all_.quick()) std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  }

  void run() {
    if (all_.rank() == simulation) {
      const processor_use thread = processor_use_of(RUSAGE_THREAD), process = processor_use_of(RUSAGE_SELF);
      const std::uint64_t instructions = instructions_->count();
      simulate();
      bill& mine = (*bills_)[index_];
      mine.computing += processor_use_of(RUSAGE_THREAD) - thread;
      mine.process += processor_use_of(RUSAGE_SELF) - process;
      mine.instructions += static_cast<double>(instructions_->count() - instructions);
      mine.steps += steps_;
    } else if (all_.rank() == reader && how_.read) {
      read();
    }
    all_.rest();
  }

  bool verify() {
    if (store_) store_->close();
    store_.reset();
    instructions_.reset();
    return right_;
  }

  [[nodiscard]] counts count() const {
    const bool here = all_.rank() == simulation;
    const bill& base = bills_->front();
    const bill& mine = (*bills_)[index_];
    const auto told = [here](double value) { return here ? value : not_counted; };
    const auto more = [&](double now, double before) { return told(100 * (now / before - 1)); };
    const double computing = mine.computing.seconds / mine.steps;
    const double others = mine.process.seconds / mine.steps - computing;
    const double base_seconds = base.computing.seconds / base.steps;
    return {{"processor time of the computing thread, % more", more(computing, base_seconds)},
            {"processor time of other threads, % of a step", told(100 * others / base_seconds)},
            {"waits of the process per step",
             told(static_cast<double>(mine.process.voluntary_switches) / mine.steps)},
            {"preemptions of the process per step",
             told(static_cast<double>(mine.process.involuntary_switches) / mine.steps)},
            {"instructions, % more",
             base.instructions > 0 ? more(mine.instructions / mine.steps, base.instructions / base.steps)
                                   : not_counted}};
  }

 private:
  /// Computes a field in each step, where the store can read it if there is one.
  void simulate() {
    std::pmr::memory_resource* const from =
        how_.publish ? store_->memory_resource() : std::pmr::get_default_resource();
    std::vector<word, uninitialised<word>> field(field_words, from);
    std::deque<key> published;
    for (int step = 0; step < steps_; ++step) {
      volatile double result = chained_work(step_multiplications);
      static_cast<void>(result);
      fill(field.data(), field_words, static_cast<std::uint64_t>(step));
      if (!how_.publish) continue;
      if (published.size() == in_flight) end_oldest(published);
      const auto p = store_->proxy(std::move(field));
      published.push_back(p.key());
      if (how_.read) mpi::send(p, reader, proxy_tag, all_.comm());
      field = std::vector<word, uninitialised<word>>(field_words, from);
    }
    while (!published.empty()) end_oldest(published);
  }

  void end_oldest(std::deque<key>& published) {
    if (how_.read) {
      wait_for(reader, seen_tag);
      MPI_Recv(nullptr, 0, MPI_BYTE, reader, seen_tag, all_.comm(), MPI_STATUS_IGNORE);
    }
    store_->evict(published.front());
    published.pop_front();
  }

  /// MPI's own wait spins, and there may be no processor for that.
  void wait_for(int from, int tag) const {
    for (int here = 0;;) {
      MPI_Iprobe(from, tag, all_.comm(), &here, MPI_STATUS_IGNORE);
      if (here != 0) return;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  void read() {
    for (int step = 0; step < steps_; ++step) {
      wait_for(simulation, proxy_tag);
      const auto p = mpi::recv<array<word>>(simulation, proxy_tag, all_.comm());
      right_ = right(p->data(), field_words, static_cast<std::uint64_t>(step)) && right_;
      MPI_Send(nullptr, 0, MPI_BYTE, simulation, seen_tag, all_.comm());
    }
  }

  const stage& all_;
  treatment how_;
  int steps_;
  std::shared_ptr<std::vector<bill>> bills_;
  std::size_t index_;
  std::optional<instruction_counter> instructions_;
  std::optional<store> store_;
  bool right_ = true;
};

}  // namespace

void overlap(stage& all) {
  const std::string name = "overlap/" + size_name(field_words * sizeof(word)) + " a step";
  if (!all.wanted(name)) return;
  const std::array<treatment, 6> treatments = {{
      {"no farhold", false, false, false, {}},
      {"a store, not used", true, false, false, {.arena_bytes = room_bytes}},
      {"published", true, true, false, {.arena_bytes = room_bytes}},
      {"and read, mapped", true, true, true, {.arena_bytes = room_bytes}},
      {"and read, window", true, true, true, {.arena_bytes = room_bytes, .same_host = same_host::off}},
      {"and read, service",
       true,
       true,
       true,
       {.arena_bytes = room_bytes, .same_host = same_host::off, .window = false}},
  }};
  const auto bills = std::make_shared<std::vector<bill>>(treatments.size());
  joint_comparison made{.name = name};
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    const auto runs = std::make_shared<overlap_run>(all, treatments[i], all.quick() ? 5 : 25, bills, i);
    made.bodies.push_back({.name = treatments[i].name,
                           .prepare = [runs] { runs->prepare(); },
                           .run = [runs] { runs->run(); },
                           .verify = [runs] { return runs->verify(); },
                           .count = [runs] { return runs->count(); }});
  }
  all.compare(made);
  if (!instruction_counter().works()) {
    all.not_built(name + "/instructions", "the kernel gives this process no counters of the processor");
  }
}

}  // namespace farhold::bench
