// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Objects that end with their last read: readers that die, give back, or come too late, and what is left.
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>

#include "counted.hpp"
#include "detail/descriptor.hpp"
#include "support/fails.hpp"
#include "support/scratch.hpp"

namespace farhold::file {

using farhold::test::scratch;
namespace {

namespace fs = std::filesystem;
using numbers = std::vector<double>;

class file_counted : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<farhold::connector> another() const {
    return connector({.directory = own_.path(), .durable = false});
  }
  [[nodiscard]] key put(std::uint32_t reads) {
    return store_.put(numbers(100, 0.5), {.lifetime = evict_after(reads)});
  }
  [[nodiscard]] std::size_t folders() const {
    const fs::path reads = own_.path() + "/farhold/reads";
    if (!fs::exists(reads)) return 0;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(reads), fs::directory_iterator()));
  }
  /// The one folder of reads.
  [[nodiscard]] fs::path folder() const {
    return fs::directory_iterator(own_.path() + "/farhold/reads")->path();
  }
  static void make_old(const fs::path& file) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  static read_places places(int whole, const key& object, std::uint32_t count) {
    object_name name{};
    std::memcpy(name.data(), object.id().data(), name.size());
    return {whole, name, count};
  }

  scratch own_;
  store store_{"counted", another(), {.inline_bytes = 0}};
  const farhold::detail::descriptor whole_{
      ::open((own_.path() + "/farhold").c_str(), O_RDONLY | O_DIRECTORY)};
};

TEST_F(file_counted, nothing_is_left_after_the_last_read_or_an_evict) {
  const key object = put(3);
  EXPECT_EQ(folders(), 1U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(store_.get<numbers>(object), numbers(100, 0.5));
  EXPECT_FAILS(stale, store_.get<numbers>(object));
  EXPECT_EQ(folders(), 0U);
  store_.evict(put(3));
  EXPECT_EQ(folders(), 0U);
  EXPECT_EQ(store_.metrics().evicted, 2U);
}

TEST_F(file_counted, a_reader_without_bytes_gives_his_place_back) {
  const key object = put(1);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FAILS(cancelled, store_.get<numbers>(object, {.stop = stopped.get_token()}));
  EXPECT_EQ(store_.get<numbers>(object), numbers(100, 0.5));
  EXPECT_FAILS(stale, store_.get<numbers>(object));
}

TEST_F(file_counted, a_reader_that_died_holds_the_object_until_his_lease_is_over) {
  const key object = put(2);
  std::uint32_t mine = 0;
  ASSERT_TRUE(places(whole_.get(), object, 2).begin(mine).ok());
  EXPECT_EQ(store_.get<numbers>(object), numbers(100, 0.5));
  EXPECT_FAILS(stale, store_.get<numbers>(object));
  EXPECT_TRUE(store_.exists(object)) << "he may be reading still";
  const auto opened_meanwhile = another();
  EXPECT_TRUE(store_.exists(object));
  make_old(folder() / std::to_string(mine));
  EXPECT_FAILS(stale, store_.get<numbers>(object));
  EXPECT_FALSE(store_.exists(object)) << "ended by who came next";
  EXPECT_EQ(folders(), 0U);
}

TEST_F(file_counted, who_opens_the_directory_ends_what_dead_readers_and_writers_have_left) {
  const key object = put(1);
  std::uint32_t mine = 0;
  ASSERT_TRUE(places(whole_.get(), object, 1).begin(mine).ok());
  make_old(folder() / std::to_string(mine));
  const auto opener = another();
  EXPECT_FALSE(store_.exists(object));
  EXPECT_EQ(folders(), 0U);

  object_name name{};
  name[0] = std::byte{1};
  ASSERT_TRUE(read_places(whole_.get(), name, 5).make().ok());  // and no object follows
  const auto too_early = another();
  EXPECT_EQ(folders(), 1U) << "its writer may be about to";
  make_old(folder());
  const auto late = another();
  EXPECT_EQ(folders(), 0U);
}

TEST_F(file_counted, so_many_reads_are_not_counted) {
  EXPECT_FAILS(unsupported, put(read_places::most + 1));
  EXPECT_FAILS(invalid_argument, put(0));
  EXPECT_EQ(folders(), 0U);
  EXPECT_TRUE(store_.exists(put(read_places::most)));
}

}  // namespace
}  // namespace farhold::file
