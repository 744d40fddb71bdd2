// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "worker.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include <farhold/farhold.hpp>

#include "words.hpp"

namespace task_farm {

namespace {

using counts_proxy = farhold::proxy<word_counts>;

word_counts run(std::istream& task) {
  std::string what;
  task >> what;
  if (what == "count") {
    file_part part;
    task >> part.from >> part.to;
    task.get();
    std::getline(task, part.path);
    return count_words(part);
  }
  // The tokens become proxies, and `merge`, which has never heard of them, gets the maps: straight from the
  // memory of the workers that made them.
  std::string a, b;
  task >> a >> b;
  return farhold::invoke(merge, counts_proxy::from_string(a), counts_proxy::from_string(b));
}

}  // namespace

int work(const std::string& store_uri, const std::string& die_at) {
  const auto reached = [&](std::string_view point) {
    if (point == die_at) std::raise(SIGKILL);
  };
  // Results are ended when they are dropped, so none may be a copy inside its token.
  farhold::store store = farhold::store::open("task farm", store_uri, {.inline_bytes = 0});
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream task(line);
    std::string id;
    task >> id;
    try {
      if (id == "drop") {
        task >> id;
        store.evict(counts_proxy::from_string(id).key());
        continue;
      }
      reached("begun");
      const word_counts made = run(task);
      reached("made");
      const std::string token = store.proxy(made).to_string();
      reached("published");
      std::cout << id << " done " << token << std::endl;
      reached("told");
    } catch (const std::exception& problem) {
      std::cout << id << " failed " << problem.what() << std::endl;
    }
  }
  return 0;
}

}  // namespace task_farm
