// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "folder_connector.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <farhold/registry.hpp>
#include <farhold/uri.hpp>

#include "object_file.hpp"

// FOLDER/INCARNATION/NUMBER is an object, and FOLDER/INCARNATION/NUMBER.part one that is being written. A
// folder of each connector's own tells a store that is there, but has evicted an object, from one that was
// closed.

namespace folder {

using farhold::byte_span;
using farhold::call_limits;
using farhold::errc;
using farhold::key;
using farhold::status;

namespace {

/// What the key of an object says to this connector.
struct identifier {
  std::uint64_t incarnation;
  std::uint64_t number;
};

std::optional<identifier> identifier_of(const key& object) noexcept {
  identifier id{};
  if (object.id().size() != sizeof id) return std::nullopt;
  std::memcpy(&id, object.id().data(), sizeof id);
  return id;
}

/// A file name in memory of its own, so that reads allocate nothing.
class file_name {
 public:
  file_name(const std::string& folder, std::uint64_t incarnation) noexcept {
    std::snprintf(text_.data(), text_.size(), "%s/%016" PRIx64, folder.c_str(), incarnation);
  }
  file_name(const std::string& folder, const identifier& id, const char* end = "") noexcept {
    std::snprintf(text_.data(), text_.size(), "%s/%016" PRIx64 "/%" PRIu64 "%s", folder.c_str(),
                  id.incarnation, id.number, end);
  }
  [[nodiscard]] const char* text() const noexcept { return text_.data(); }

  static constexpr std::size_t longest_folder = 200;

 private:
  std::array<char, longest_folder + 64> text_{};
};

/// The scheme's name, once.
constexpr const char* scheme = "folder";

/// A folder that objects may be in. Throws `invalid_argument`: proxies may come from anywhere and ask for
/// any.
std::string checked(const std::filesystem::path& where) {
  std::string text = where.lexically_normal().string();
  std::error_code problem;
  if (!where.is_absolute() || text.size() > file_name::longest_folder ||
      text.find('?') != std::string::npos || !std::filesystem::is_directory(where, problem)) {
    throw farhold::error(errc::invalid_argument,
                         "'" + text +
                             "' cannot hold objects: it should be the absolute path of a folder that is "
                             "there, of at most " +
                             std::to_string(file_name::longest_folder) + " bytes without '?'");
  }
  return text;
}

std::uint64_t random_number() {
  std::random_device source;
  return std::uint64_t{source()} << 32U | source();
}

class folder_connector final : public farhold::connector {
 public:
  folder_connector(const std::filesystem::path& where, const options& how)
      : home_(checked(where)),
        uri_(std::string(scheme) + "://" + home_),
        capacity_bytes_(how.capacity_bytes) {}

  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }

  [[nodiscard]] farhold::connector_capabilities capabilities() const noexcept override {
    return {.other_processes = true,
            .outlives_producer = false,  // a killed one, yes; but close() takes its folder away
            .max_object_bytes = capacity_bytes_};
  }

  void introduce(std::string_view other) noexcept override try {
    const farhold::uri address(other);
    if (address.scheme() != scheme) return;
    std::string where = checked(address.rest());
    const std::unique_lock lock(others_mutex_);
    const bool known = where == home_ || std::find(others_.begin(), others_.end(), where) != others_.end();
    if (!known && others_.size() < most_others) others_.push_back(std::move(where));
  } catch (const std::exception&) {
    // Its objects will be producer_lost, which is what a folder that is not there means.
  }

  status reserve(std::uint64_t size_bytes, const call_limits&, farhold::reservation& out) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (closed_) return closed();
    if (::mkdir(file_name(home_, incarnation_).text(), 0700) != 0 && errno != EEXIST)
      return failed(errno, "make a folder for the objects of this store");
    // Others may have evicted objects of ours; we look when it matters.
    if (!fits(size_bytes)) used_bytes_ = count().bytes;
    if (!fits(size_bytes)) return {errc::out_of_memory, 0, "find room in the folder"};
    const identifier id{incarnation_, ++last_number_};
    mapped_file file;
    if (const status s = create_file(file_name(home_, id, ".part").text(), size_bytes, file); !s.ok())
      return s;
    used_bytes_ += size_bytes;
    out = {file.release(), id.number};
    return {};
  }

  status publish(const farhold::reservation& room, farhold::type_id type, key& out) noexcept override {
    if (closed_) return closed();
    const identifier id{incarnation_, room.handle};
    out = key(type, room.memory.size(), std::as_bytes(std::span(&id, 1)));
    ++published_;  // before it can be evicted, see `ended`
    const int failure = ::rename(file_name(home_, id, ".part").text(), file_name(home_, id).text());
    if (failure != 0) {
      --published_;
      return closed_ ? closed() : failed(errno, "publish the object's file");
    }
    mapped_file::unmap(room.memory);
    return {};
  }

  void abandon(const farhold::reservation& room) noexcept override {
    ::unlink(file_name(home_, {incarnation_, room.handle}, ".part").text());
    mapped_file::unmap(room.memory);
  }

  status get(const key& object, farhold::landing& where, const call_limits&,
             farhold::read_report& report) noexcept override {
    report.way = farhold::path::mapped;
    mapped_file file;
    const status s =
        find(object, [&](const char* name) { return open_file(name, object.size_bytes(), file); });
    if (!s.ok()) return s;
    if (!where.wants_view()) return where.fill(file.bytes());
    const byte_span bytes = file.bytes();
    where.show(bytes, file.release_as_pin());
    return {};
  }

  status exists(const key& object, const call_limits&, bool& answer) noexcept override {
    const status s = find(object, [](const char* name) -> status {
      if (::access(name, F_OK) == 0) return {};
      return failed(errno, "look for the object's file");
    });
    answer = s.ok();
    const bool is_gone = s.code == errc::stale || s.code == errc::not_found || s.code == errc::producer_lost;
    return is_gone ? status{} : s;
  }

  status evict(const key& object, const call_limits&) noexcept override {
    return find(object, [](const char* name) -> status {
      if (::unlink(name) == 0) return {};  // of many who try, one succeeds
      return failed(errno, "remove the object's file");
    });
  }

  status close(std::chrono::nanoseconds) noexcept override try {
    const std::scoped_lock lock(mutex_);
    if (closed_) return {};
    evicted_until_close_ = ended();
    closed_ = true;
    std::error_code problem;
    std::filesystem::remove_all(file_name(home_, incarnation_).text(), problem);
    return problem ? failed(problem.value(), "remove the files of this store") : status{};
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "remove the files of this store"};
  }

  void collect(farhold::metrics& m) const noexcept override {
    const std::scoped_lock lock(mutex_);
    m.evicted += closed_ ? evicted_until_close_ : ended();
  }

  [[nodiscard]] std::string cure(const status& problem) const override {
    if (problem.code != errc::out_of_memory) return {};
    return "a process may keep " + std::to_string(capacity_bytes_) + " bytes in " + home_ +
           "; evict objects, or open the store with a larger capacity, on a disk that has it";
  }

 private:
  static constexpr std::size_t most_others = 64;  // what a stream of forged proxies may make us remember

  struct contents {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;  // with those being written
  };

  static status closed() noexcept { return {errc::closed, 0, "use a closed folder store"}; }

  /// Does `act` to the file of the object, in whichever folder it is. Says why if it is in none.
  template <class Act>
  status find(const key& object, Act act) const noexcept {
    if (closed_) return closed();
    const auto id = identifier_of(object);
    if (!id) return {errc::not_found, 0, "read the key: another connector has made it"};
    const auto look = [&](const std::string& folder) -> status {
      const status s = act(file_name(folder, *id).text());
      if (s.code != errc::not_found) return s;
      const bool open = ::access(file_name(folder, id->incarnation).text(), F_OK) == 0;
      return {open ? errc::stale : errc::not_found, 0, "find the object's file"};
    };
    if (const status s = look(home_); s.code != errc::not_found) return s;
    const std::shared_lock lock(others_mutex_);
    for (const std::string& folder : others_) {
      if (const status s = look(folder); s.code != errc::not_found) return s;
    }
    return {errc::producer_lost, 0, "find the files of the store that has put the object"};
  }

  [[nodiscard]] bool fits(std::uint64_t size_bytes) const noexcept {
    return used_bytes_ <= capacity_bytes_ && size_bytes <= capacity_bytes_ - used_bytes_;
  }

  [[nodiscard]] contents count() const noexcept try {
    contents all;
    std::error_code problem;
    for (const auto& file :
         std::filesystem::directory_iterator(file_name(home_, incarnation_).text(), problem)) {
      const std::uint64_t size_bytes = file.file_size(problem);
      if (problem) continue;  // evicted since
      all.bytes += size_bytes;
      if (!file.path().has_extension()) ++all.objects;
    }
    return all;
  } catch (const std::exception&) {
    return {0, capacity_bytes_};
  }

  /// How many objects of this process were evicted, by whomever.
  [[nodiscard]] std::uint64_t ended() const noexcept {
    const std::uint64_t there = count().objects;
    return published_ - there;
  }

  const std::string home_;  // the folder that this process puts its objects into
  const std::string uri_;
  const std::uint64_t capacity_bytes_;
  const std::uint64_t incarnation_ = random_number();
  mutable std::shared_mutex others_mutex_;
  std::vector<std::string> others_;  // folders that were introduced
  mutable std::mutex mutex_;         // of what follows
  std::uint64_t last_number_ = 0;
  std::uint64_t used_bytes_ = 0;  // at most: evicted objects are in it until it is counted anew
  std::uint64_t evicted_until_close_ = 0;
  std::atomic<std::uint64_t> published_{0};
  std::atomic<bool> closed_{false};
};

}  // namespace

std::unique_ptr<farhold::connector> connector(const std::filesystem::path& where, const options& how) {
  return std::make_unique<folder_connector>(where, how);
}

std::unique_ptr<farhold::connector> open(farhold::uri& address) {
  options how;
  how.capacity_bytes = address.take_bytes("capacity").value_or(how.capacity_bytes);
  return connector(address.rest(), how);
}

void add_scheme() { farhold::registry::global().add_scheme(scheme, open); }

}  // namespace folder
