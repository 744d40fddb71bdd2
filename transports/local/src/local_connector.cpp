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

/// Bytes, in memory of their own or of the user's. Whoever reads them or looks at them counts.
class object final : public boost::intrusive_ref_counter<object, boost::thread_safe_counter> {
 public:
  explicit object(std::uint64_t size_bytes)
      : memory_(static_cast<std::byte*>(::operator new(size_bytes + (size_bytes == 0), alignment))),
        bytes_(memory_.get(), size_bytes) {}
  object(const object&) = delete;
  object& operator=(const object&) = delete;
  ~object() {
    if (user_.release != nullptr) user_.release(user_.owner);
  }

  /// An object of the user's memory. Nothing is released if this throws.
  explicit object(const resident& users) : bytes_(users.memory) { user_ = users; }

  [[nodiscard]] byte_view bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::byte* memory() const noexcept { return memory_.get(); }
  /// The user's memory stays the user's.
  void give_up() noexcept { user_.release = nullptr; }

  [[nodiscard]] pin hold() noexcept {
    intrusive_ptr_add_ref(this);
    return {[](void* self, std::uint64_t) noexcept { intrusive_ptr_release(static_cast<object*>(self)); },
            this, 0, true};
  }

 private:
  std::unique_ptr<std::byte, aligned_delete> memory_;
  byte_view bytes_;
  resident user_;
};
using object_ptr = boost::intrusive_ptr<object>;

/// Objects by number. A reader holds the object while it copies or looks, so that an evict can't pull it
/// away.
class local_connector final : public connector {
 public:
  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    return {.counts_reads = true};
  }

  status reserve(std::uint64_t size_bytes, const call_limits&, reservation& out) noexcept override try {
    object_ptr room(new object(size_bytes));
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    out = {byte_span(room->memory(), size_bytes), ++last_number_};
    rooms_.emplace(out.handle, std::move(room));
    return {};
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "allocate the object"};
  }

  status publish(const reservation& room, type_id type, key& out) noexcept override try {
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    const auto at = rooms_.find(room.handle);
    if (at == rooms_.end()) return {errc::invalid_argument, 0, "find the reservation"};
    out = name(type, room.memory.size(), room.handle);
    objects_.emplace(out, stored{at->second, room.reads});
    rooms_.erase(at);
    return {};
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "index the object"};
  }

  void abandon(const reservation& room) noexcept override {
    const std::scoped_lock lock(mutex_);
    rooms_.erase(room.handle);
  }

  status adopt(const resident& users, type_id type, key& out) noexcept override {
    object_ptr made;
    try {
      made.reset(new object(users));
      const std::scoped_lock lock(mutex_);
      if (!closed_) {
        const key named = name(type, users.memory.size(), ++last_number_);
        objects_.emplace(named, stored{made});
        out = named;
        return {};
      }
    } catch (const std::bad_alloc&) {
      if (made != nullptr) made->give_up();
      return {errc::out_of_memory, 0, "index the object"};
    }
    made->give_up();
    return closed();
  }

  status get(const key& object, landing& where, const call_limits&, read_report& report) noexcept override {
    report.way = path::local;
    object_ptr found;
    bool counted = false;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return closed();
      const auto at = objects_.find(object);
      if (at == objects_.end()) return absent(object);
      found = at->second.bytes;
      counted = at->second.reads > 0;
      if (counted && at->second.begun == at->second.reads) return {errc::stale, 0, read_often_enough};
      if (counted) ++at->second.begun;
    }
    status outcome;
    if (where.wants_view()) {
      where.show(found->bytes(), found->hold());
    } else {
      outcome = where.fill(found->bytes());
    }
    if (counted) end_read(object, outcome.ok());
    return outcome;
  }

  status exists(const key& object, const call_limits&, bool& answer) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    answer = objects_.contains(object);
    return {};
  }

  status evict(const key& object, const call_limits&) noexcept override {
    object_ptr last;  // the user's memory is released without the lock
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    const auto at = objects_.find(object);
    if (at == objects_.end()) return absent(object);
    last = std::move(at->second.bytes);
    objects_.erase(at);
    ++evicted_;
    return {};
  }

  status close(std::chrono::nanoseconds) noexcept override {
    std::unordered_map<key, stored> ended;
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    ended.swap(objects_);
    rooms_.clear();
    return {};
  }

  void collect(metrics& m) const noexcept override {
    const std::scoped_lock lock(mutex_);
    m.evicted += evicted_;
  }

 private:
  /// An object that can be read, and who does, if that is counted.
  struct stored {
    object_ptr bytes;
    std::uint32_t reads = 0;  // after so many it ends; 0: never
    std::uint32_t begun = 0;
    std::uint32_t done = 0;
  };

  static constexpr const char* read_often_enough =
      "read the object: it was read as often as it was meant to be";
  static status closed() noexcept { return {errc::closed, 0, "use a closed local store"}; }

  void end_read(const key& object, bool well) noexcept {
    object_ptr last;
    const std::scoped_lock lock(mutex_);
    const auto at = objects_.find(object);
    if (at == objects_.end()) return;  // evicted meanwhile
    stored& counted = at->second;
    if (!well) {
      --counted.begun;
    } else if (++counted.done == counted.reads) {
      last = std::move(counted.bytes);
      objects_.erase(at);
      ++evicted_;
    }
  }

  [[nodiscard]] key name(type_id type, std::uint64_t size_bytes, std::uint64_t number) const {
    const identifier id{incarnation_, number};
    return {type, size_bytes, std::as_bytes(std::span(id))};
  }

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
  std::unordered_map<std::uint64_t, object_ptr> rooms_;
  std::unordered_map<key, stored> objects_;
};

}  // namespace

std::unique_ptr<farhold::connector> connector() { return std::make_unique<local_connector>(); }

void add_schemes(registry& to) {
  to.add_scheme(
      "local", [](const uri&) { return connector(); }, reach::process);
}

}  // namespace farhold::local
