// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A small workflow engine: a manager, worker processes, and tokens on the pipes between them.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <farhold/farhold.hpp>

#include "manager.hpp"
#include "plan.hpp"
#include "words.hpp"
#include "worker.hpp"

namespace {

using namespace task_farm;

struct options {
  std::vector<std::string> files;
  farm_options farm;
  std::uint64_t part_kib = 4096;
  std::size_t most = 20;
  bool is_worker = false;
};

void define(CLI::App& app, options& into) {
  app.add_option("FILE", into.files, "text files");
  app.add_option("-w,--workers", into.farm.workers, "worker processes")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("-p,--part", into.part_kib, "KiB of a file that one task counts")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("-n,--most", into.most, "how many words to print; 0 for all")->capture_default_str();
  app.add_option("-s,--store", into.farm.store_uri, "where workers keep results")
      ->type_name("URI")
      ->capture_default_str();
  app.add_option("--kill", into.farm.victim, "this worker kills itself once, at the point of --die-at");
  app.add_option("--die-at", into.farm.die_at, "begun, made, published or told")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(points), std::end(points))));
  app.add_flag("--worker", into.is_worker)->group("");  // what the manager starts
}

int manage(const options& how) {
  std::signal(SIGPIPE, SIG_IGN);  // a dead worker is found when its pipe ends
  manager farm(make_plan(how.files, how.part_kib << 10U), how.farm);
  const auto answer = farhold::proxy<word_counts>::from_string(farm.run());
  print(answer, how.most, std::cout);  // the one object that is read here
  const farm_report& report = farm.report();
  std::cerr << "task_farm: " << report.tasks << " tasks, " << report.lost_workers
            << " workers lost; through the manager went " << report.token_bytes
            << " bytes of tasks and tokens, and of " << report.payload_bytes
            << " bytes of results none but the answer's " << answer.size_bytes() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  options how;
  CLI::App app("Counts the words of text files with worker processes that hand each other results by token",
               "task_farm");
  define(app, how);
  CLI11_PARSE(app, argc, argv);
  try {
    if (how.is_worker) return work(how.farm.store_uri, how.farm.die_at);
    if (!how.files.empty()) return manage(how);
    std::cerr << app.help();
    return 2;
  } catch (const std::exception& problem) {
    std::cerr << "task_farm: " << problem.what() << '\n';
    return 1;
  }
}
