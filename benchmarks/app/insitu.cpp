// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "applications.hpp"
#include "run.hpp"
#include "seed.hpp"

namespace farhold::bench {

namespace {

constexpr std::array<int, 4> widths = {96, 256, 512, 1024};

std::string name_of(int columns) { return "insitu/" + std::to_string(columns) + " columns"; }

/// The simulation of examples/gray_scott, as it is, its fields going one way.
class insitu_run {
 public:
  insitu_run(const gray_scott::crew& who, gray_scott::way w, const gray_scott::set_up& start,
             const std::shared_ptr<std::vector<gray_scott::frame_statistics>>& first,
             const std::filesystem::path& folder)
      : who_(who), way_(w), start_(start), first_(first), folder_(folder) {}

  void prepare() { route_ = gray_scott::open_route(way_, start_.numbers, who_.everyone()); }
  void run() { done_ = gray_scott::work(who_, start_, *route_, folder_, gray_scott::progress_mode::off, ""); }
  bool verify() {
    route_->close();
    route_.reset();
    if (who_.rank() != who_.analysis()) return true;
    if (first_->empty()) *first_ = done_.found.frames;
    return std::ranges::equal(*first_, done_.found.frames, gray_scott::same_bits);
  }
  [[nodiscard]] counts count() const {
    const bool here = who_.rank() == who_.dispatcher();
    return {{"payload through the dispatcher, B",
             here ? static_cast<double>(done_.forwarded.payload_bytes) : not_counted},
            {"tokens through the dispatcher, B",
             here ? static_cast<double>(done_.forwarded.token_bytes) : not_counted}};
  }

 private:
  const gray_scott::crew& who_;
  gray_scott::way way_;
  const gray_scott::set_up& start_;
  std::shared_ptr<std::vector<gray_scott::frame_statistics>> first_;
  std::filesystem::path folder_;
  std::unique_ptr<gray_scott::frame_route> route_;
  gray_scott::work_done done_;
};

void run_width(stage& all, const gray_scott::crew& who, int columns, const std::filesystem::path& folder) {
  gray_scott::set_up start;
  start.numbers = {.columns = columns,
                   .rows = std::max(columns * 2 / 3, who.simulations()),
                   .steps = all.quick() ? 40 : 200,
                   .frame_every = 10,
                   .frame_scale = 1};
  start.seed = gray_scott::spot_seed(start.numbers);
  const auto first = std::make_shared<std::vector<gray_scott::frame_statistics>>();
  joint_comparison made{.name = name_of(columns)};
  using gray_scott::way;
  constexpr std::array<std::pair<way, const char*>, 3> ways = {
      {{way::value, "by value"}, {way::window, "by proxy, over MPI"}, {way::mapped, "by proxy"}}};
  for (const auto& [w, name] : ways) {
    const auto runs = std::make_shared<insitu_run>(who, w, start, first, folder);
    made.bodies.push_back({.name = name,
                           .prepare = [runs] { runs->prepare(); },
                           .run = [runs] { runs->run(); },
                           .verify = [runs] { return runs->verify(); },
                           .count = [runs] { return runs->count(); }});
  }
  all.compare(made);
}

}  // namespace

void insitu(stage& all) {
  const auto asked = [&](int columns) { return all.wanted(name_of(columns)); };
  if (!std::ranges::any_of(widths, asked)) return;
  const gray_scott::crew who(all.comm());
  const auto folder = std::filesystem::path(all.shared_folder()) / "farhold_bench_insitu";
  if (who.rank() == who.analysis()) std::filesystem::create_directories(folder);
  for (const int columns : widths) {
    if (asked(columns) && !(all.quick() && columns > 256)) run_width(all, who, columns, folder);
  }
  if (who.rank() == who.analysis()) std::filesystem::remove_all(folder);
}

}  // namespace farhold::bench
