// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/local.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <unordered_map>
#include <utility>

#include <farhold/registry.hpp>

namespace farhold::local {

namespace {

constexpr std::align_val_t alignment{64};
struct aligned_delete {
  void operator()(std::byte* memory) const noexcept { ::operator delete(memory, alignment); }
};

struct object {
  std::unique_ptr<std::byte, aligned_delete> memory;
  std::uint64_t size_bytes;
  [[nodiscard]] byte_view bytes() const noexcept { return {memory.get(), size_bytes}; }
};
using object_ptr = std::shared_ptr<const object>;

/// Objects by number. A reader holds the object while it copies, so that an evict can't pull it away.
class local_connector final : public connector {
 public:
  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override { return {}; }

  status reserve(std::uint64_t size_bytes, std::chrono::nanoseconds, reservation& out) noexcept override try {
    auto room = std::make_shared<object>(object{nullptr, size_bytes});
    room->memory.reset(static_cast<std::byte*>(::operator new(size_bytes + (size_bytes == 0), alignment)));
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    out = {byte_span(room->memory.get(), size_bytes), ++last_number_};
    rooms_.emplace(out.handle, std::move(room));
    return {};
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "allocate the object"};
  }

  status publish(const reservation& room, type_id type, key& out) noexcept override try {
    const identifier id{incarnation_, room.handle};
    out = key(type, room.memory.size(), std::as_bytes(std::span(id)));
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    const auto at = rooms_.find(room.handle);
    if (at == rooms_.end()) return {errc::invalid_argument, 0, "find the reservation"};
    objects_.emplace(out, at->second);
    rooms_.erase(at);
    return {};
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "index the object"};
  }

  void abandon(const reservation& room) noexcept override {
    const std::scoped_lock lock(mutex_);
    rooms_.erase(room.handle);
  }

  status get(const key& object, landing& where, std::chrono::nanoseconds,
             read_report& report) noexcept override {
    report.way = path::local;
    object_ptr found;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return closed();
      const auto at = objects_.find(object);
      if (at == objects_.end()) return absent(object);
      found = at->second;
    }
    return where.fill(found->bytes());
  }

  status exists(const key& object, std::chrono::nanoseconds, bool& answer) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    answer = objects_.contains(object);
    return {};
  }

  status evict(const key& object, std::chrono::nanoseconds) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    if (objects_.erase(object) == 0) return absent(object);
    ++evicted_;
    return {};
  }

  status close(std::chrono::nanoseconds) noexcept override {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    objects_.clear();
    rooms_.clear();
    return {};
  }

  void collect(metrics& m) const noexcept override {
    const std::scoped_lock lock(mutex_);
    m.evicted += evicted_;
  }

 private:
  static status closed() noexcept { return {errc::closed, 0, "use a closed local store"}; }

  /// Numbers are given in order and never again: one that was given and is not here was evicted.
  [[nodiscard]] status absent(const key& object) const noexcept {
    identifier id{};
    if (object.id().size() != sizeof id) return {errc::not_found, 0, "find the object"};
    std::memcpy(&id, object.id().data(), sizeof id);
    if (id[0] != incarnation_)
      return {errc::producer_lost, 0, "find the object: another local store has made it"};
    if (id[1] == 0 || id[1] > last_number_) return {errc::not_found, 0, "find the object"};
    return {errc::stale, 0, "find the object"};
  }

  static std::uint64_t random_number() {
    std::random_device source;
    return std::uint64_t{source()} << 32U | source();
  }

  using identifier = std::array<std::uint64_t, 2>;  // of an object: incarnation and number

  const std::string uri_;  // empty: nobody else can open it
  // Without it the first object of a reopened store would pass for the first one of its predecessor.
  const std::uint64_t incarnation_ = random_number();
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::uint64_t last_number_ = 0;
  std::uint64_t evicted_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<const object>> rooms_;
  std::unordered_map<key, object_ptr> objects_;
};

}  // namespace

std::unique_ptr<farhold::connector> connector() { return std::make_unique<local_connector>(); }

void add_schemes(registry& to) {
  to.add_scheme("local", [](const uri&) { return connector(); });
}

}  // namespace farhold::local
