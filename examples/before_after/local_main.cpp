// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Both stages in one process, a queue between them.
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

#include <farhold/local.hpp>

#include "compare.hpp"

namespace {

class queue final : public courier {
 public:
  void send(const std::string& message) override { messages_.push_back(message); }
  std::string receive() override {
    std::string first = std::move(messages_.front());
    messages_.pop_front();
    return first;
  }

 private:
  std::deque<std::string> messages_;
};

}  // namespace

int main() {
  try {
    farhold::store store("before_after", farhold::local::connector());
    queue between;
    const bool agree = all_ways_agree({}, store, between);
    store.close();
    return agree ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return EXIT_FAILURE;
  }
}
