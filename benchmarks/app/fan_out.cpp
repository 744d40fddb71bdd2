// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <utility>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "applications.hpp"
#include "pattern.hpp"
#include "sizes.hpp"

namespace farhold::bench {

namespace {

constexpr std::array<std::uint64_t, 4> sizes = {kib, 64 * kib, mib, 16 * mib};
constexpr std::uint64_t largest_when_quick = mib;

std::string name_of(std::uint64_t bytes) { return "fan-out/" + size_name(bytes); }

/// Rank 0 has an object, all others look at every word of it.
struct fan {
  const stage& all;
  std::uint64_t words;
  bool good = true;

  [[nodiscard]] bool root() const { return all.rank() == 0; }
  void look(const word* at) { good = right(at, words, 0) && good; }
};

/// `pass` hands rank 0's memory on, and receives it on the others.
joint_body by_messages(const std::string& name, const std::shared_ptr<fan>& f,
                       std::function<void(fan&, std::vector<word>&)> pass) {
  const auto memory = std::make_shared<std::vector<word>>();
  return {.name = name,
          .prepare =
              [f, memory] {
                memory->resize(f->words);
                std::fill(memory->begin(), memory->end(), 0U);
                if (f->root()) fill(memory->data(), f->words, 0);
              },
          .run =
              [f, memory, pass = std::move(pass)] {
                pass(*f, *memory);
                if (!f->root()) f->look(memory->data());
                MPI_Barrier(f->all.comm());
              },
          .verify = [f] { return f->good; }};
}

template <class T>
joint_body by_proxies(const std::string& name, const std::shared_ptr<fan>& f, store& through) {
  struct state {
    std::optional<std::pmr::vector<word>> memory;  // born where others can read it
    proxy<T> object;
  };
  const auto now = std::make_shared<state>();
  return {.name = name,
          .prepare =
              [f, now, &through] {
                if (!f->root()) return;
                now->memory.emplace(f->words, through.memory_resource());
                fill(now->memory->data(), f->words, 0);
              },
          .run =
              [f, now, &through] {
                if (f->root()) now->object = through.proxy_from_key<T>(through.put(std::move(*now->memory)));
                now->object = mpi::bcast(std::move(now->object), 0, f->all.comm());
                if (!f->root()) f->look(now->object->data());
                MPI_Barrier(f->all.comm());
              },
          .verify =
              [f, now, &through] {
                if (f->root()) {
                  through.evict(now->object.key());
                  now->memory.reset();
                }
                now->object = {};
                return f->good;
              }};
}

}  // namespace

void fan_out(stage& all) {
  if (!std::ranges::any_of(sizes, [&](std::uint64_t bytes) { return all.wanted(name_of(bytes)); })) return;
  const std::uint64_t largest = all.quick() ? largest_when_quick : sizes.back();
  store through("fan_out",
                mpi::connector(all.comm(), {.arena_bytes = (all.rank() == 0 ? 8 * largest : 0) + 4 * mib}));
  for (const std::uint64_t bytes : sizes) {
    if (bytes > largest) break;
    const auto f = std::make_shared<fan>(fan{all, bytes / sizeof(word)});
    const auto bcast = [](fan& how, std::vector<word>& memory) {
      MPI_Bcast(memory.data(), static_cast<int>(how.words), MPI_UINT64_T, 0, how.all.comm());
    };
    const auto one_by_one = [](fan& how, std::vector<word>& memory) {
      const int count = static_cast<int>(how.words);
      if (!how.root()) {
        MPI_Recv(memory.data(), count, MPI_UINT64_T, 0, 1, how.all.comm(), MPI_STATUS_IGNORE);
        return;
      }
      for (int to = 1; to < how.all.ranks(); ++to) {
        MPI_Send(memory.data(), count, MPI_UINT64_T, to, 1, how.all.comm());
      }
    };
    all.compare({.name = name_of(bytes),
                 .bodies = {by_messages("MPI_Bcast", f, bcast), by_messages("sent to each", f, one_by_one),
                            by_proxies<std::span<const word>>("by proxy, in place", f, through),
                            by_proxies<array<word>>("by proxy", f, through)}});
  }
  through.close();
}

}  // namespace farhold::bench
