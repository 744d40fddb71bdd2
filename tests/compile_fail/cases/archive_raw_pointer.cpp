// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a raw pointer owns nothing and may lead anywhere, so that it is not archived
#include "support.hpp"

namespace archive_raw_pointer {

struct owner {
  std::unique_ptr<int> number;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& number;
  }
};

struct leaker {
  std::string name;
  int* number = nullptr;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name& number;
  }
};

void right(store& s) { s.put(owner()); }
#ifdef FARHOLD_WRONG
void wrong(store& s) { s.put(leaker()); }
#endif

}  // namespace archive_raw_pointer
