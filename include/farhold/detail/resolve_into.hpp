// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <cstring>
#include <ranges>
#include <string>

#include <farhold/detail/recycler.hpp>
#include <farhold/factory.hpp>

namespace farhold::detail {

/// Lands in memory of the caller's, which no fabric may write into after the call: where it could, the bytes
/// land in memory of the landing's own first.
class caller_landing final : public landing {
 public:
  explicit caller_landing(byte_span out) noexcept : out_(out) {}

  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    const std::uint64_t room =
        spare_bytes <= recycled_memory::spare_bytes ? size_bytes : size_bytes + spare_bytes;
    if (stage_.data() == nullptr || stage_.size_bytes() < room) stage_ = recycled_memory(room);
    staged_ = true;
    return stage_.data();
  }
  std::byte* prepare_revocable(std::uint64_t size_bytes) noexcept override {
    if (size_bytes > out_.size()) return nullptr;
    if (out_.data() == nullptr) return prepare(0, 0);  // null would say that there is no memory
    staged_ = false;
    return out_.data();
  }
  status fill(byte_view source) noexcept override {
    if (source.size() != out_.size()) return {errc::corrupt, 0, "compare the object's size with its key's"};
    staged_ = false;
    copy(source.data());
    return {};
  }

  /// After success: brings in what was staged.
  void finish() noexcept {
    if (staged_) copy(stage_.data());
  }

 private:
  void copy(const std::byte* from) noexcept {
    if (!out_.empty()) std::memcpy(out_.data(), from, out_.size());
  }

  byte_span out_;
  recycled_memory stage_;
  bool staged_ = false;
};

[[noreturn]] inline void throw_wrong_room(std::uint64_t object_bytes, std::uint64_t room_bytes) {
  throw error(errc::invalid_argument,
              "the object has " + std::to_string(object_bytes) + " bytes and the memory to resolve into " +
                  std::to_string(room_bytes) + "; p.size_bytes() tells how much is needed");
}

template <class T>
void copy_into(const T& object, byte_span out) {
  const std::uint64_t size_bytes = stored_bytes(object);
  if (size_bytes != out.size()) throw_wrong_room(size_bytes, out.size());
  store_bytes(object, out);
}

/// Brings the object of `from` into `out`, and makes no target of it.
template <class T>
void resolve_into(const factory<T>& from, byte_span out, const call_options& call) {
  const store_factory* const stored = from.from_store();
  if (stored == nullptr) return copy_into(*from.make(call)->object(), out);
  const key& object = stored->object();
  require_type<T>(object);
  if (object.size_bytes() != out.size()) throw_wrong_room(object.size_bytes(), out.size());
  if (stored->inlined()) return copy_into(*from.make(call)->object(), out);

  const std::shared_ptr<store_core> store = stored->open_store();
  if (const landing_ptr hit = store->cached(object, &target_tag<T>)) {
    return copy_into(*boost::static_pointer_cast<target<T>>(hit)->object(), out);
  }
  const boost::intrusive_ptr<caller_landing> where(new caller_landing(out));
  store->read(object, *where, call);
  where->finish();
}

}  // namespace farhold::detail
