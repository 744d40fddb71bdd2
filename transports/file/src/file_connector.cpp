// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/file.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <new>
#include <span>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <farhold/registry.hpp>

#include "counted.hpp"
#include "directory.hpp"
#include "errors.hpp"
#include "object_file.hpp"
#include "own_folder.hpp"
#include "uri_path.hpp"

namespace farhold::file {

namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t batch_size = 64;  // files that are open at the same time

std::string uri_of(const options& how) {
  return "file://" + to_uri_path(how.directory) + (how.durable ? "" : "?durable=off");
}

class file_connector final : public farhold::connector {
 public:
  explicit file_connector(const options& how)
      : uri_(uri_of(how)), durable_(how.durable), directory_(how.directory), keys_(directory_.secret()) {}

  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    return {.other_processes = true,
            .outlives_producer = true,
            .counts_reads = true,
            .durable = true,
            .promises_keys = true,
            .max_object_bytes = max_object_bytes};
  }

  // A room is memory and not a mapped file: a full disk is then an error of a call and not a SIGBUS, and who
  // dies before he publishes leaves nothing.
  status reserve(std::uint64_t size_bytes, const call_limits&, reservation& out) noexcept override {
    if (closed_) return closed();
    if (size_bytes > max_object_bytes) return {errc::out_of_memory, EFBIG, "make room for the object"};
    void* const memory = ::operator new(std::max<std::uint64_t>(size_bytes, 1), alignment, std::nothrow);
    if (memory == nullptr) return {errc::out_of_memory, 0, "allocate the object"};
    out = {byte_span(static_cast<std::byte*>(memory), size_bytes), reinterpret_cast<std::uintptr_t>(memory)};
    return {};
  }
  status publish(const reservation& room, type_id type, key& out) noexcept override {
    const status s = publish_some({&room, 1}, type, {&out, 1});
    if (s.ok()) abandon(room);
    return s;
  }
  void abandon(const reservation& room) noexcept override {
    ::operator delete(reinterpret_cast<void*>(room.handle), alignment);
  }
  status promise(std::uint64_t size_bytes, type_id type, const call_limits&, key& out) noexcept override;
  status publish_batch(std::span<const reservation> rooms, type_id type,
                       std::span<key> out) noexcept override;

  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override {
    report.way = path::storage;
    if (closed_) return closed();
    const auto name = keys_.name_in(object);
    if (!name) return never_there();
    const std::uint32_t reads = key_maker::reads_in(object);
    return reads > 0 ? get_counted(*name, reads, object, where, limits) : read(*name, object, where, limits);
  }
  status exists(const key& object, const call_limits&, bool& answer) noexcept override {
    if (closed_) return closed();
    answer = false;
    const auto name = keys_.name_in(object);
    if (!name) return {};
    struct stat found {};
    answer =
        ::fstatat(directory_.objects(), object_path(*name).text.data(), &found, AT_SYMLINK_NOFOLLOW) == 0;
    return answer || errno == ENOENT ? status{} : failed("look for the object's file");
  }
  status evict(const key& object, const call_limits&) noexcept override {
    if (closed_) return closed();
    const auto name = keys_.name_in(object);
    if (!name) return never_there();
    const object_path at(*name);
    // Who has it open reads on. Of many who do this one is told that it worked.
    if (::unlinkat(directory_.objects(), at.text.data(), 0) != 0) return absent("remove the object's file");
    ++evicted_;
    if (const std::uint32_t reads = key_maker::reads_in(object); reads > 0) places_of(*name, reads).remove();
    return durable_ ? directory_.sync_folder_of(at) : status{};
  }

  status close(std::chrono::nanoseconds) noexcept override {
    closed_ = true;
    const std::scoped_lock lock(mutex_);
    unfinished_.remove();
    return {};
  }
  void collect(metrics& m) const noexcept override { m.evicted += evicted_; }
  [[nodiscard]] std::string cure(const status& problem) const override {
    if (problem.code == errc::not_found) {
      return "'" + directory_.path() + "' never had it: the key is of another directory, or forged";
    }
    return cure_of(problem.native, directory_.path());
  }

 private:
  static status closed() noexcept { return {errc::closed, 0, "use a closed file store"}; }
  static status never_there() noexcept { return {errc::not_found, 0, "find the object"}; }
  /// A key that this directory gave out, and no file: it was evicted.
  static status absent(const char* step) noexcept {
    return errno == ENOENT ? status{errc::stale, 0, "find the object"} : failed(step);
  }

  [[nodiscard]] read_places places_of(const object_name& name, std::uint32_t reads) const noexcept {
    return {directory_.whole(), name, reads};
  }
  [[nodiscard]] status read(const object_name& name, const key& object, landing& where,
                            const call_limits& limits) const noexcept;
  status get_counted(const object_name& name, std::uint32_t reads, const key& object, landing& where,
                     const call_limits& limits) noexcept;
  void end(const object_name& name, const read_places& places) noexcept;
  status publish_some(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept;
  status write_hidden(const reservation& room, type_id type, const object_name& name,
                      descriptor& file) noexcept;
  status open_own_folder() noexcept;

  const std::string uri_;
  const bool durable_;
  const directory directory_;
  const key_maker keys_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> evicted_{0};
  std::mutex mutex_;
  own_folder unfinished_;  // made by the first publish: who only reads needs no right to write
};

/// Names that nobody else draws. One by one, since the kernel gives up to 256 bytes in one piece.
status draw(std::span<object_name> names) noexcept {
  for (object_name& name : names) {
    if (::getrandom(name.data(), name.size(), 0) != ssize_t{sizeof name}) return failed("draw a random name");
  }
  return {};
}

status file_connector::promise(std::uint64_t size_bytes, type_id type, const call_limits&,
                               key& out) noexcept {
  if (closed_) return closed();
  object_name name{};
  if (const status s = draw({&name, 1}); !s.ok()) return s;
  out = keys_.make(name, type, size_bytes, 0);
  return {};
}

status file_connector::open_own_folder() noexcept {
  const std::scoped_lock lock(mutex_);
  if (closed_) return closed();
  return unfinished_.valid() ? status{} : own_folder::make(directory_.writers(), "writer", unfinished_);
}

status file_connector::read(const object_name& name, const key& object, landing& where,
                            const call_limits& limits) const noexcept {
  const object_path at(name);
  // No link, and no waiting for the other end of a pipe, whatever somebody has put there.
  const descriptor file(::openat(directory_.objects(), at.text.data(),
                                 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return absent("open the object's file");
  return read_object(file.get(), name, object, where, limits);
}

/// One that ends with its last read.
status file_connector::get_counted(const object_name& name, std::uint32_t reads, const key& object,
                                   landing& where, const call_limits& limits) noexcept {
  const read_places places = places_of(name, reads);
  std::uint32_t mine = 0;
  if (const status s = places.begin(mine); !s.ok()) {
    if (s.code == errc::stale && places.used_up()) end(name, places);
    return s;
  }
  if (const status s = read(name, object, where, limits); !s.ok()) {
    places.give_back(mine);
    return s;
  }
  bool last = false;
  // The bytes are here; if that cannot be said, the object ends with the lease of this read.
  static_cast<void>(places.done(mine, last));
  if (last) end(name, places);
  return {};
}

void file_connector::end(const object_name& name, const read_places& places) noexcept {
  const object_path at(name);
  if (::unlinkat(directory_.objects(), at.text.data(), 0) == 0) ++evicted_;
  places.remove();
  if (durable_) static_cast<void>(directory_.sync_folder_of(at));
}

/// The whole object in a file of another folder, where nobody looks for it.
status file_connector::write_hidden(const reservation& room, type_id type, const object_name& name,
                                    descriptor& file) noexcept {
  file = descriptor(
      ::openat(unfinished_.fd(), object_path(name).file(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file.valid()) return failed("make a file");
  if (room.reads > 0) {
    if (const status s = places_of(name, room.reads).make(); !s.ok()) return s;
  }
  return write_object(file.get(), name, type, room.memory);
}

/// All or nothing. The steps are done for all objects before the next one, because the first fsync of many
/// often does the work of the others.
status file_connector::publish_some(std::span<const reservation> rooms, type_id type,
                                    std::span<key> out) noexcept {
  if (const status s = open_own_folder(); !s.ok()) return s;
  std::array<object_name, batch_size> names;
  std::array<descriptor, batch_size> files;
  if (const status s = draw(std::span(names).first(rooms.size())); !s.ok()) return s;
  bool durable = durable_;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    durable = durable || rooms[i].durable;
    if (rooms[i].promised == nullptr) continue;
    const auto promised = keys_.name_in(*rooms[i].promised);
    if (!promised) return never_there();
    names[i] = *promised;
  }

  status outcome;
  std::size_t hidden = 0;
  for (; outcome.ok() && hidden < rooms.size(); ++hidden) {
    outcome = write_hidden(rooms[hidden], type, names[hidden], files[hidden]);
  }
  for (std::size_t i = 0; i < hidden && outcome.ok(); ++i) {
    if (durable && ::fsync(files[i].get()) != 0) outcome = failed("make the object's file durable");
    if (files[i].close() != 0 && outcome.ok()) outcome = failed("close the object's file");
  }
  std::size_t visible = 0;
  while (outcome.ok() && visible < hidden) {
    const object_path at(names[visible]);
    if (::renameat(unfinished_.fd(), at.file(), directory_.objects(), at.text.data()) == 0) {
      ++visible;
    } else {
      outcome = failed("name the object's file");
    }
  }
  std::bitset<256> synced;
  for (std::size_t i = 0; durable && outcome.ok() && i < visible; ++i) {
    const auto folder = std::to_integer<std::size_t>(names[i][0]);
    if (!synced[folder]) outcome = directory_.sync_folder_of(object_path(names[i]));
    synced[folder] = true;
  }
  if (outcome.ok()) {
    for (std::size_t i = 0; i < rooms.size(); ++i)
      out[i] = keys_.make(names[i], type, rooms[i].memory.size(), rooms[i].reads);
    return {};
  }
  for (std::size_t i = 0; i < hidden; ++i) {
    const object_path at(names[i]);
    if (rooms[i].reads > 0) places_of(names[i], rooms[i].reads).remove();
    if (i < visible) {
      ::unlinkat(directory_.objects(), at.text.data(), 0);
    } else {
      ::unlinkat(unfinished_.fd(), at.file(), 0);
    }
  }
  return outcome;
}

status file_connector::publish_batch(std::span<const reservation> rooms, type_id type,
                                     std::span<key> out) noexcept {
  status outcome;
  std::size_t done = 0;
  while (outcome.ok() && done < rooms.size()) {
    const std::size_t some = std::min(batch_size, rooms.size() - done);
    outcome = publish_some(rooms.subspan(done, some), type, out.subspan(done, some));
    if (outcome.ok()) done += some;
  }
  if (!outcome.ok()) {
    for (const key& made : out.first(done)) {
      if (const auto name = keys_.name_in(made)) {
        ::unlinkat(directory_.objects(), object_path(*name).text.data(), 0);
        if (const std::uint32_t reads = key_maker::reads_in(made); reads > 0)
          places_of(*name, reads).remove();
      }
    }
  }
  for (const reservation& room : rooms) abandon(room);
  return outcome;
}

}  // namespace

std::unique_ptr<farhold::connector> connector(const options& how) {
  options absolute = how;
  if (how.directory.empty()) {
    throw error(errc::invalid_argument,
                "a file store needs a directory: file:///path, or options::directory");
  }
  // Not resolved any further: links may lead elsewhere on other hosts.
  absolute.directory = std::filesystem::absolute(how.directory).lexically_normal().string();
  return std::make_unique<file_connector>(absolute);
}

void add_schemes(registry& to) {
  to.add_scheme("file", [](uri& address) {
    options how;
    how.directory = from_uri_path(address.rest());
    how.durable = address.take_switch("durable").value_or(how.durable);
    return connector(how);
  });
}

}  // namespace farhold::file
