// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "stage.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

namespace farhold::bench {

namespace {

constexpr int end = -1;

// Orders are indices of bodies: to run one, and from `counted` on to tell what it counted.
constexpr int counted = 1000;

/// MPI's own waits spin, and there may be fewer processors than ranks.
constexpr auto nap = std::chrono::microseconds(100);

}  // namespace

stage::stage(const options& how, report* to) : how_(how), to_(to) {
  MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
  MPI_Comm_dup(MPI_COMM_WORLD, &orders_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &ranks_);
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
  int here = 0;
  MPI_Comm_size(host, &here);
  MPI_Comm_free(&host);
  one_host_ = agreed(here == ranks_);
}

stage::~stage() {
  MPI_Comm_free(&orders_);
  MPI_Comm_free(&comm_);
}

bool stage::wanted(const std::string& name) const { return name.find(how_.filter) != std::string::npos; }

std::string stage::shared_folder() const {
  return one_host_ ? std::filesystem::temp_directory_path() : std::filesystem::current_path();
}

void stage::compare(const joint_comparison& what) {
  if (!wanted(what.name)) return;
  if (rank_ == 0) {
    lead(what);
  } else {
    follow(what);
  }
}

void stage::not_built(const std::string& name, const std::string& why) {
  if (to_ != nullptr) to_->not_built(name, why);
}

void stage::check(bool right, const std::string& what) {
  const bool all = agreed(right);
  if (to_ != nullptr && !all) to_->fail(what);
}

void stage::rest() const {
  MPI_Request all = MPI_REQUEST_NULL;
  MPI_Ibarrier(orders_, &all);
  for (int here = 0;;) {
    MPI_Test(&all, &here, MPI_STATUS_IGNORE);
    if (here != 0) return;
    std::this_thread::sleep_for(nap);
  }
}

void stage::lead(const joint_comparison& what) {
  comparison made{.name = what.name, .wanted = what.wanted};
  int index = 0;
  for (const joint_body& one : what.bodies) {
    body single{.name = one.name,
                .prepare =
                    [this, &one, index](std::uint64_t) {
                      tell(index);
                      start(one);
                    },
                .run = [&one](std::uint64_t) { one.run(); },
                .verify = [this, &one] { return agreed(one.verify()); }};
    if (one.count) {
      single.count = [this, &one, index] {
        tell(counted + index);
        return largest(one.count());
      };
    }
    made.bodies.push_back(std::move(single));
    ++index;
  }
  to_->compare(made);
  tell(end);
}

void stage::follow(const joint_comparison& what) {
  for (int order = hear(); order != end; order = hear()) {
    const joint_body& one = what.bodies.at(static_cast<std::size_t>(order % counted));
    if (order >= counted) {
      static_cast<void>(largest(one.count()));
      continue;
    }
    start(one);
    one.run();
    static_cast<void>(agreed(one.verify()));
  }
}

void stage::tell(int order) const {
  for (int other = 1; other < ranks_; ++other) MPI_Send(&order, 1, MPI_INT, other, 0, orders_);
}

int stage::hear() const {
  for (int here = 0;;) {
    MPI_Iprobe(0, 0, orders_, &here, MPI_STATUS_IGNORE);
    if (here != 0) break;
    std::this_thread::sleep_for(nap);
  }
  int order = end;
  MPI_Recv(&order, 1, MPI_INT, 0, 0, orders_, MPI_STATUS_IGNORE);
  return order;
}

void stage::start(const joint_body& body) const {
  if (body.prepare) body.prepare();
  MPI_Barrier(orders_);
}

bool stage::agreed(bool mine) const {
  int all = mine ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, orders_);
  return all != 0;
}

counts stage::largest(const counts& mine) const {
  std::vector<double> values;
  for (const auto& [name, value] : mine) values.push_back(value);
  MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_MAX, orders_);
  counts made;
  std::size_t at = 0;
  for (const auto& [name, value] : mine) {
    const double most = values[at++];
    if (most != not_counted) made[name] = most;
  }
  return made;
}

}  // namespace farhold::bench
