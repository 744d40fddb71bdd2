// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <functional>
#include <vector>

#include <farhold/detail/lazy.hpp>
#include <farhold/detail/store_core.hpp>
#include <farhold/resolve_all.hpp>

namespace farhold::detail {

namespace {

/// A proxy that we have the claim of and whose bytes are to be read.
struct claimed {
  resolve_work* work;
  missing bytes;
};

/// Looks for what `work` needs. True if that is bytes of a store; else it is over, or someone else's.
bool begin(resolve_work& work, missing& bytes, std::vector<resolve_work*>& later) {
  if (work.what->made()) return false;
  // What calls functions of the user's may wait for other proxies of ours: not while we have claims.
  if (!work.what->comes_from_store() || !work.what->claim()) {
    later.push_back(&work);
    return false;
  }
  try {
    bytes = work.what->begin(work.call);
    return bytes.store != nullptr;
  } catch (...) {
    work.problem = std::current_exception();
    work.what->give_up();
    return false;
  }
}

void finish(claimed& one, const status& outcome) {
  try {
    if (!outcome.ok()) throw one.bytes.store->failure(outcome, "read", one.bytes.object);
    one.work->what->land(*one.bytes.store);
  } catch (...) {
    one.work->problem = std::current_exception();
    one.work->what->give_up();
  }
}

}  // namespace

void resolve_together(std::span<resolve_work> all) {
  std::vector<claimed> reads;
  std::vector<resolve_work*> later;
  reads.reserve(all.size());
  later.reserve(all.size());
  for (resolve_work& work : all) {
    missing bytes;
    if (begin(work, bytes, later)) reads.push_back({&work, std::move(bytes)});
  }

  // One batch for each store.
  std::stable_sort(reads.begin(), reads.end(), [](const claimed& a, const claimed& b) {
    return std::less<>{}(a.bytes.store.get(), b.bytes.store.get());
  });
  std::vector<read_request> requests;
  requests.reserve(reads.size());
  for (const claimed& one : reads) {
    requests.push_back({.object = one.bytes.object,
                        .where = one.bytes.where,
                        .limits = one.bytes.store->limits(one.work->call)});
  }
  for (std::size_t first = 0, last = 0; first < reads.size(); first = last) {
    while (last < reads.size() && reads[last].bytes.store == reads[first].bytes.store) ++last;
    reads[first].bytes.store->read_batch(std::span(requests).subspan(first, last - first));
  }
  for (std::size_t i = 0; i < reads.size(); ++i) finish(reads[i], requests[i].outcome);

  for (resolve_work* const work : later) {
    try {
      work->what->ensure(work->call);
    } catch (...) {
      work->problem = std::current_exception();
    }
  }
}

void resolve_all(std::span<resolve_work> all) {
  resolve_together(all);
  for (const resolve_work& work : all) {
    if (work.problem != nullptr) std::rethrow_exception(work.problem);
  }
}

}  // namespace farhold::detail
