// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "parts.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <xxhash.h>

#include <farhold/registry.hpp>

#include "description.hpp"

namespace farhold::multi {

namespace {

std::atomic<std::uint64_t> last_id{0};

/// What this thread introduced last, which is nearly always what it introduces next: each resolve does.
struct introduction {
  std::uint64_t parts = 0;
  std::uint64_t uri_hash = 0;
};
thread_local introduction last_introduced;

}  // namespace

parts::parts() noexcept : id_(++last_id) {}

parts::~parts() {
  for (auto& slot : slots_) delete slot.load();
}

void parts::set(std::size_t index, std::unique_ptr<farhold::connector> to) noexcept {
  slots_[index] = to.release();
}

void parts::learn(std::size_t index, const std::string& uri) {
  if (uri.empty() || index >= most_parts) return;
  const std::scoped_lock lock(mutex_);
  auto& known = uris_[index];
  if (known.size() < most_introduced && std::find(known.begin(), known.end(), uri) == known.end()) {
    known.push_back(uri);
  }
}

void parts::introduce(std::string_view uri) noexcept try {
  const std::uint64_t hash = XXH3_64bits(uri.data(), uri.size());
  if (last_introduced.parts == id_ && last_introduced.uri_hash == hash) return;
  {
    const std::scoped_lock lock(introduced_mutex_);
    if (introduced_.contains(uri)) {
      last_introduced = {id_, hash};
      return;
    }
  }
  farhold::uri address(uri);
  if (address.scheme() != "multi") return;
  for (const auto& [index, inner] : description::take_from(address).uris) {
    learn(index, inner);
    if (farhold::connector* const open = open_at(index)) open->introduce(inner);
  }
  const std::scoped_lock lock(introduced_mutex_);
  if (introduced_.size() < most_introduced) introduced_.emplace(uri);
} catch (const std::exception&) {
  // A proxy that says nonsense of its store: its objects will not be found.
}

farhold::connector* parts::at(std::size_t index, status& why) noexcept try {
  if (farhold::connector* const open = open_at(index)) return open;
  why = {errc::store_unknown, 0, "find the connector that has the object: no proxy has said how to open it"};
  if (index >= most_parts) return nullptr;
  const std::scoped_lock lock(mutex_);
  if (farhold::connector* const open = open_at(index)) return open;
  for (const std::string& uri : uris_[index]) {
    try {
      std::unique_ptr<farhold::connector> made = registry::global().open(uri);
      for (const std::string& other : uris_[index]) made->introduce(other);
      slots_[index].store(made.get(), std::memory_order_release);
      return made.release();
    } catch (const error& problem) {
      why = {problem.kind(), 0, "open the connector that has the object"};
    }
  }
  return nullptr;
} catch (const std::exception&) {
  why = {errc::out_of_memory, 0, "open the connector that has the object"};
  return nullptr;
}

}  // namespace farhold::multi
