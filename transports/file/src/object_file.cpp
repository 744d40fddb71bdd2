// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "object_file.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xxhash.h>

#include "errors.hpp"

namespace farhold::file {

namespace {

/// So much is moved between two looks at the clock: some milliseconds from memory, a tenth of a second from a
/// disk.
constexpr std::uint64_t piece_bytes = std::uint64_t{16} << 20U;

struct identifier {
  object_name name;
  std::uint64_t tag;
};
static_assert(sizeof(identifier) == 24);

/// Of an object whose reads are counted, with their number behind.
constexpr std::size_t counted_identifier_bytes = sizeof(identifier) + sizeof(std::uint32_t);

constexpr status no_object{errc::corrupt, 0, "check the object's file: farhold has not written it so"};
constexpr status cut_short{errc::corrupt, 0, "read the object: its file became shorter meanwhile"};

/// The end of a call's time or patience.
class patience {
 public:
  explicit patience(const call_limits& limits) noexcept
      : limits_(limits), began_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] status left() const noexcept {
    if (limits_.stop.stop_requested()) return {errc::cancelled, 0, "read the object"};
    if (std::chrono::steady_clock::now() - began_ >= limits_.timeout)
      return {errc::timeout, 0, "read the object"};
    return {};
  }

 private:
  const call_limits& limits_;
  std::chrono::steady_clock::time_point began_;
};

/// Two pieces of memory that are one in the file, of which the front is done step by step.
struct pieces {
  std::array<iovec, 2> parts;

  void drop(std::size_t count) noexcept {
    for (iovec& part : parts) {
      const std::size_t here = std::min(count, part.iov_len);
      part.iov_base = static_cast<std::byte*>(part.iov_base) + here;
      part.iov_len -= here;
      count -= here;
    }
  }
  [[nodiscard]] bool empty() const noexcept { return parts[0].iov_len + parts[1].iov_len == 0; }
  /// The next piece, none longer than `piece_bytes`.
  [[nodiscard]] std::array<iovec, 2> next() const noexcept {
    std::array<iovec, 2> some = parts;
    some[1].iov_len = std::min<std::size_t>(some[1].iov_len, piece_bytes);
    return some;
  }
};

}  // namespace

object_path::object_path(const object_name& name) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  std::size_t at = 3;
  for (const std::byte b : name) {
    text[at++] = digits[std::to_integer<unsigned>(b) >> 4U];
    text[at++] = digits[std::to_integer<unsigned>(b) & 15U];
  }
  text[0] = text[3];
  text[1] = text[4];
  text[2] = '/';
}

std::uint64_t key_maker::tag(const object_name& name, type_id type, std::uint64_t size_bytes,
                             std::uint32_t reads) const noexcept {
  struct {
    object_name name;
    std::uint64_t type, size_bytes, reads;
  } const all{name, type.value, size_bytes, reads};
  // What is not counted has the tag that it had before there was a count.
  return XXH3_64bits_withSeed(&all, reads > 0 ? sizeof all : sizeof all - sizeof all.reads, secret_);
}

key key_maker::make(const object_name& name, type_id type, std::uint64_t size_bytes,
                    std::uint32_t reads) const {
  const identifier id{name, tag(name, type, size_bytes, reads)};
  std::array<std::byte, counted_identifier_bytes> all{};
  std::memcpy(all.data(), &id, sizeof id);
  std::memcpy(&all[sizeof id], &reads, sizeof reads);
  return {type, size_bytes, byte_view(all).first(reads > 0 ? all.size() : sizeof id)};
}

std::optional<object_name> key_maker::name_in(const key& object) const noexcept {
  identifier id{};
  if (object.id().size() != sizeof id && object.id().size() != counted_identifier_bytes) return std::nullopt;
  std::memcpy(&id, object.id().data(), sizeof id);
  if (id.tag != tag(id.name, object.type(), object.size_bytes(), reads_in(object))) return std::nullopt;
  return id.name;
}

std::uint32_t key_maker::reads_in(const key& object) noexcept {
  std::uint32_t reads = 0;
  if (object.id().size() == counted_identifier_bytes)
    std::memcpy(&reads, object.id().data() + sizeof(identifier), sizeof reads);
  return reads;
}

status write_object(int fd, const object_name& name, type_id type, byte_view payload) noexcept {
  object_header header;
  header.type = type.value;
  header.size_bytes = payload.size();
  header.name = name;
  pieces rest{{iovec{&header, sizeof header}, iovec{const_cast<std::byte*>(payload.data()), payload.size()}}};
  while (!rest.empty()) {
    const auto some = rest.next();
    const ssize_t written = ::writev(fd, some.data(), static_cast<int>(some.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write the object's file");
    rest.drop(static_cast<std::size_t>(written));
  }
  return {};
}

status read_object(int fd, const object_name& name, const key& object, landing& where,
                   const call_limits& limits) noexcept {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return failed("look at the object's file");
  const std::uint64_t size_bytes = object.size_bytes();
  // Before any memory is asked for: a size that is a lie costs nothing.
  if (!S_ISREG(found.st_mode) || size_bytes > max_object_bytes ||
      static_cast<std::uint64_t>(found.st_size) != size_bytes + sizeof(object_header)) {
    return no_object;
  }
  // Nothing is written there after this call, so that the memory may be the caller's own.
  std::byte* const memory = where.prepare_revocable(size_bytes);
  if (memory == nullptr && size_bytes > 0) return {errc::out_of_memory, 0, "allocate landing memory"};

  object_header expected;
  expected.type = object.type().value;
  expected.size_bytes = size_bytes;
  expected.name = name;
  object_header header;
  const patience caller(limits);
  pieces rest{{iovec{&header, sizeof header}, iovec{memory, size_bytes}}};
  for (std::uint64_t offset = 0; !rest.empty();) {
    if (const status s = caller.left(); !s.ok()) return s;
    const auto some = rest.next();
    const ssize_t seen = ::preadv(fd, some.data(), static_cast<int>(some.size()), static_cast<off_t>(offset));
    if (seen < 0 && errno == EINTR) continue;
    if (seen < 0) return failed("read the object's file");
    if (seen == 0) return cut_short;
    if (offset < sizeof header && offset + static_cast<std::uint64_t>(seen) >= sizeof header &&
        header != expected) {
      return no_object;
    }
    offset += static_cast<std::uint64_t>(seen);
    rest.drop(static_cast<std::size_t>(seen));
  }
  return {};
}

}  // namespace farhold::file
