// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "counted.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <new>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detail/descriptor.hpp"
#include "errors.hpp"
#include "names.hpp"
#include "rma/host.hpp"

namespace farhold::file {

using farhold::detail::descriptor;

namespace {

constexpr const char* reads_folder = "reads";
constexpr int own_folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
/// So long may a reader take, and a writer between the folder of its object and the object.
constexpr std::time_t lease_s = 600;

constexpr status ended{errc::stale, 0, "find the object"};
constexpr status no_place{errc::stale, 0, "read the object: it was read as often as it was meant to be"};

struct place_name {
  explicit place_name(std::uint32_t number, const char* end = "") noexcept {
    std::snprintf(text.data(), text.size(), "%u%s", number, end);
  }
  std::array<char, 24> text{};
};

bool is_there(int folder, const place_name& name) noexcept {
  struct stat found {};
  return ::fstatat(folder, name.text.data(), &found, AT_SYMLINK_NOFOLLOW) == 0;
}

bool is_old(const struct stat& about) noexcept { return about.st_mtime + lease_s < std::time(nullptr); }

status create(int folder, const place_name& name) noexcept {
  const descriptor file(::openat(folder, name.text.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  return file.valid() ? status{} : failed("count a read of the object");
}

}  // namespace

read_places::read_places(int whole, const object_name& name, std::uint32_t places) noexcept
    : whole_(whole), places_(places) {
  std::snprintf(folder_.data(), folder_.size(), "%s/%s-%u", reads_folder, object_path(name).file(), places);
}

status read_places::make() const noexcept {
  if (places_ > most) return {errc::unsupported, 0, "count the reads of the object: at most 1024 can be"};
  if (::mkdirat(whole_, folder_.data(), 0777) == 0) return {};
  if (errno == ENOENT && (::mkdirat(whole_, reads_folder, 0777) == 0 || errno == EEXIST) &&
      ::mkdirat(whole_, folder_.data(), 0777) == 0) {
    return {};
  }
  return failed("make a folder for the reads of the object");
}

status read_places::begin(std::uint32_t& mine) const noexcept {
  if (places_ > most) return {errc::corrupt, 0, "read the key: no file store counts so many reads"};
  const descriptor folder(::openat(whole_, folder_.data(), own_folder_flags));
  if (!folder.valid()) return errno == ENOENT ? ended : failed("look for the reads of the object");
  // Anywhere, so that readers do not all try the places of those before them.
  const auto from = static_cast<std::uint32_t>(rma::random_number() % places_);
  for (std::uint32_t i = 0; i < places_; ++i) {
    mine = (from + i) % places_;
    const status s = create(folder.get(), place_name(mine));
    if (s.ok()) return s;
    if (s.native == ENOENT) return ended;  // the folder was removed meanwhile
    if (s.native != EEXIST) return s;
  }
  return no_place;
}

status read_places::done(std::uint32_t mine, bool& last) const noexcept {
  last = false;
  const descriptor folder(::openat(whole_, folder_.data(), own_folder_flags));
  if (!folder.valid()) return errno == ENOENT ? status{} : failed("look for the reads of the object");
  if (const status s = create(folder.get(), place_name(mine, ".done")); !s.ok() && s.native != EEXIST)
    return s;
  for (std::uint32_t i = 1; i < places_; ++i) {
    if (!is_there(folder.get(), place_name((mine + i) % places_, ".done"))) return {};
  }
  last = true;
  return {};
}

void read_places::give_back(std::uint32_t mine) const noexcept {
  const descriptor folder(::openat(whole_, folder_.data(), own_folder_flags));
  if (folder.valid()) ::unlinkat(folder.get(), place_name(mine).text.data(), 0);
}

bool read_places::used_up() const noexcept {
  const descriptor folder(::openat(whole_, folder_.data(), own_folder_flags));
  if (!folder.valid()) return false;
  for (std::uint32_t i = 0; i < places_; ++i) {
    struct stat taken {};
    if (::fstatat(folder.get(), place_name(i).text.data(), &taken, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (!is_there(folder.get(), place_name(i, ".done")) && !is_old(taken)) return false;
  }
  return true;
}

void read_places::remove() const noexcept {
  const descriptor folder(::openat(whole_, folder_.data(), own_folder_flags));
  if (!folder.valid()) return;
  // A reader may take a place meanwhile; his own look for the object tells him.
  constexpr int attempts = 8;
  for (int i = 0; i < attempts; ++i) {
    try {
      for (const std::string& name : names_in(folder.get())) ::unlinkat(folder.get(), name.c_str(), 0);
    } catch (const std::bad_alloc&) {
      return;  // the next store that opens the directory does it
    }
    if (::unlinkat(whole_, folder_.data(), AT_REMOVEDIR) == 0 || errno != ENOTEMPTY) return;
  }
}

namespace {

/// "NAME-PLACES"
bool parse(std::string_view text, object_name& name, std::uint32_t& places) noexcept {
  constexpr std::size_t digits = 32;
  if (text.size() < digits + 2 || text[digits] != '-') return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    unsigned char byte = 0;
    const char* const at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, byte, 16).ptr != at + 2) return false;
    name[i] = std::byte{byte};
  }
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data() + digits + 1, end, places);
  return problem == std::errc{} && at == end && places >= 1 && places <= read_places::most;
}

}  // namespace

void clean_up_reads(int whole, int objects) noexcept try {
  const descriptor all(::openat(whole, reads_folder, own_folder_flags));
  if (!all.valid()) return;
  for (const std::string& text : names_in(all.get())) {
    object_name name{};
    std::uint32_t places = 0;
    if (!parse(text, name, places)) continue;
    const read_places reads(whole, name, places);
    const object_path object(name);
    struct stat found {};
    if (::fstatat(objects, object.text.data(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
      if (!reads.used_up()) continue;
      ::unlinkat(objects, object.text.data(), 0);
    } else if (errno != ENOENT || ::fstatat(all.get(), text.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0 ||
               !is_old(found)) {
      continue;  // its writer may be about to name the object
    }
    reads.remove();
  }
} catch (const std::bad_alloc&) {
}

}  // namespace farhold::file
