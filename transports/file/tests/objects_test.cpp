// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Objects: keys that lie, files that lie, and things that happen while one is read.
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>

#include "conformance/pattern.hpp"
#include "object_file.hpp"
#include "support/fails.hpp"
#include "support/scratch.hpp"

namespace farhold::file {

using farhold::test::scratch;
namespace {

namespace fs = std::filesystem;
using bytes = std::vector<std::byte>;
using namespace std::chrono_literals;

class file_objects : public testing::Test {
 protected:
  [[nodiscard]] fs::path file_of(const key& object) const {
    object_name name{};
    std::memcpy(name.data(), object.id().data(), name.size());
    return fs::path(own_.path()) / "farhold/objects" / object_path(name).text.data();
  }
  /// The file of an object, made writable.
  [[nodiscard]] fs::path open_file_of(const key& object) const {
    fs::path file = file_of(object);
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(own_.path() + "/farhold/objects")) {
      if (!entry.is_directory()) ++count;
    }
    return count;
  }

  scratch own_;
  store store_{"objects", connector({.directory = own_.path(), .durable = false}), {.inline_bytes = 0}};
};

/// A landing in which something happens when memory is asked for, which is between the open and the first
/// byte.
class eventful final : public landing {
 public:
  explicit eventful(std::function<void()> event) : event_(std::move(event)) {}
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    event_();
    memory_.resize(size_bytes + spare_bytes);
    return memory_.data();
  }
  status fill(byte_view) noexcept override { return {errc::unsupported, 0, "fill"}; }
  [[nodiscard]] const bytes& memory() const { return memory_; }

 private:
  std::function<void()> event_;
  bytes memory_;
};

TEST_F(file_objects, a_key_of_another_directory_is_not_found) {
  const scratch elsewhere;
  store other("other", connector({.directory = elsewhere.path()}), {.inline_bytes = 0});
  const key object = other.put(1);
  EXPECT_TRUE(
      test::fails(errc::not_found, [&] { return store_.get<int>(object); }, {own_.path(), "never had it"}));
  EXPECT_TRUE(test::fails(errc::not_found, [&] { return store_.evict(object), 0; }, {own_.path()}));
  EXPECT_FALSE(store_.exists(object));
  EXPECT_EQ(other.get<int>(object), 1);
}

TEST_F(file_objects, a_forged_key_is_not_found) {
  const key object = store_.put(bytes(100));
  for (std::size_t bit = 0; bit < 8 * object.id().size(); ++bit) {
    bytes id(object.id().begin(), object.id().end());
    id[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FAILS(not_found, store_.get<bytes>(key(object.type(), object.size_bytes(), id)));
  }
  EXPECT_FAILS(not_found, store_.get<bytes>(key(object.type(), object.size_bytes() + 1, object.id())));
  EXPECT_FAILS(not_found, store_.get<double>(key(store_.put(1.0).type(), 8, object.id())));
  EXPECT_FAILS(not_found, store_.get<bytes>(key(object.type(), 100, object.id().first(16))));
  EXPECT_FAILS(not_found, store_.get<bytes>(key(object.type(), ~std::uint64_t{0}, object.id())));
  EXPECT_EQ(store_.get<bytes>(object), bytes(100));
}

TEST_F(file_objects, a_header_with_any_byte_changed_is_corrupt) {
  const key object = store_.put(bytes(100));
  std::fstream file(open_file_of(object), std::ios::in | std::ios::out | std::ios::binary);
  for (int at = 0; at < 64; ++at) {
    const int was = file.seekg(at).get();
    file.seekp(at).put(static_cast<char>(was ^ 1)).flush();
    EXPECT_FAILS(corrupt, store_.get<bytes>(object)) << "byte " << at;
    file.seekp(at).put(static_cast<char>(was)).flush();
  }
  EXPECT_EQ(store_.get<bytes>(object), bytes(100));
}

TEST_F(file_objects, what_is_not_the_object_s_file_is_corrupt) {
  const key object = store_.put(bytes(100));
  const fs::path file = open_file_of(object);
  const std::string outside = own_.path() + "/outside";
  for (const std::uintmax_t size : {0U, 10U, 63U, 64U, 163U, 165U, 1'000'000'000U}) {
    fs::resize_file(file, size);
    EXPECT_FAILS(corrupt, store_.get<bytes>(object)) << size;
  }
  fs::resize_file(file, 164);
  fs::rename(file, outside);
  fs::create_symlink(outside, file);
  EXPECT_FAILS(corrupt, store_.get<bytes>(object)) << "a link";
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_FAILS(corrupt, store_.get<bytes>(object)) << "a folder";
  EXPECT_FAILS(corrupt, (store_.evict(object), 0)) << "a folder";
  fs::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_FAILS(corrupt, store_.get<bytes>(object)) << "a pipe that nobody writes to";
  fs::remove(file);
  const key twin = store_.put(bytes(100));
  fs::copy_file(file_of(twin), file);
  EXPECT_FAILS(corrupt, store_.get<bytes>(object)) << "another object of the same type and size";
}

TEST_F(file_objects, a_reader_who_has_it_open_reads_an_evicted_object_to_its_end) {
  const bytes expected = conformance::payload(40'000'000, {1, 2});
  const key object = store_.put(expected);
  const auto reading = connector({.directory = own_.path()});
  const boost::intrusive_ptr<eventful> where(new eventful([&] { store_.evict(object); }));
  read_report report;
  EXPECT_TRUE(reading->get(object, *where, 30s, report).ok());
  EXPECT_EQ(where->memory(), expected);
  EXPECT_FALSE(fs::exists(file_of(object)));
  EXPECT_EQ(reading->get(object, *where, 30s, report).code, errc::stale);
}

TEST_F(file_objects, a_file_that_is_cut_while_it_is_read_is_corrupt) {
  const key object = store_.put(bytes(40'000'000));
  const fs::path file = open_file_of(object);
  const auto reading = connector({.directory = own_.path()});
  const boost::intrusive_ptr<eventful> where(new eventful([&] { fs::resize_file(file, 20'000'000); }));
  read_report report;
  EXPECT_EQ(reading->get(object, *where, 30s, report).code, errc::corrupt);
}

TEST_F(file_objects, a_read_ends_at_its_deadline_and_when_it_is_asked_to) {
  const key object = store_.put(bytes(1000));
  EXPECT_FAILS(timeout, store_.get<bytes>(object, {.timeout = 0s}));
  std::stop_source asked;
  const auto reading = connector({.directory = own_.path()});
  const boost::intrusive_ptr<eventful> where(new eventful([&] { asked.request_stop(); }));
  read_report report;
  EXPECT_EQ(reading->get(object, *where, {30s, asked.get_token()}, report).code, errc::cancelled);
  EXPECT_EQ(store_.get<bytes>(object), bytes(1000));
}

TEST_F(file_objects, a_batch_is_published_whole) {
  std::vector<bytes> all;
  for (std::uint64_t i = 0; i < 200; ++i) all.push_back(conformance::payload(i * 11, {3, i}));
  const std::vector<key> keys = store_.put_batch(all);
  EXPECT_EQ(files(), all.size());
  EXPECT_EQ(store_.get_batch<bytes>(keys), all);
  EXPECT_EQ(std::set<key>(keys.begin(), keys.end()).size(), all.size());
}

TEST_F(file_objects, a_batch_that_fails_leaves_nothing) {
  const std::vector<bytes> all(200, bytes(10));
  // Of 64 names at a time some have an even first digit, and some an odd one.
  const std::string objects = own_.path() + "/farhold/objects/";
  for (const char digit : std::string("13579bdf")) {
    for (const char second : std::string("0123456789abcdef")) fs::remove(objects + digit + second);
  }
  EXPECT_TRUE(
      test::fails(errc::invalid_argument, [&] { return store_.put_batch(all); }, {own_.path(), "removed"}));
  EXPECT_EQ(files(), 0U);
  for (const auto& entry : fs::recursive_directory_iterator(own_.path() + "/farhold/writers")) {
    EXPECT_TRUE(entry.is_directory() || entry.path().filename() == "lock") << entry;
  }
  EXPECT_EQ(store_.metrics().published, 0U);
}

TEST_F(file_objects, objects_are_spread_over_folders) {
  static_cast<void>(store_.put_batch(std::vector<bytes>(1000, bytes(1))));
  std::size_t largest = 0;
  for (const auto& folder : fs::directory_iterator(own_.path() + "/farhold/objects")) {
    largest = std::max(largest, static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {})));
  }
  EXPECT_GE(largest, 4U);
  EXPECT_LE(largest, 40U);  // 3.9 on average
}

TEST_F(file_objects, more_than_a_file_can_hold_is_refused_at_once) {
  const auto c = connector({.directory = own_.path()});
  reservation room;
  EXPECT_EQ(c->reserve(~std::uint64_t{0}, 1s, room).code, errc::out_of_memory);
  EXPECT_EQ(c->reserve(c->capabilities().max_object_bytes + 1, 1s, room).code, errc::out_of_memory);
}

}  // namespace
}  // namespace farhold::file
