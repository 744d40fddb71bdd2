// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Knows of farhold and of no connector: any_program URI opens that store, puts an object, and resolves its
// token.
#include <cstdio>
#include <vector>

#include <farhold/farhold.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    farhold::store store = farhold::store::open("box", argv[1], {.inline_bytes = 0});
    const std::string token = store.proxy(std::vector<double>(1000, 0.5)).to_string();
    const auto field = farhold::proxy<std::vector<double>>::from_string(token);
    std::printf("%zu numbers through %s\n", field->size(), argv[1]);
    store.close();
  } catch (const farhold::error& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
