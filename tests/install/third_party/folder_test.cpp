// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What the suite cannot know of this connector: its URI, its folders, what it does beyond the minimum.
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/registry.hpp>

#include "folder_connector.hpp"

namespace {

using farhold::errc;
using numbers = std::vector<double>;

double sum(const numbers& xs) { return std::accumulate(xs.begin(), xs.end(), 0.0); }

class folder_test : public testing::Test {
 protected:
  folder_test() {
    folder::add_scheme();
    EXPECT_NE(nullptr, ::mkdtemp(scratch_.data()));
  }
  ~folder_test() override { std::filesystem::remove_all(scratch_); }

  [[nodiscard]] std::string uri(const std::string& options = "") const {
    return "folder://" + scratch_ + options;
  }

  std::string scratch_ = (std::filesystem::temp_directory_path() / "farhold-folder-XXXXXX").string();
};

TEST_F(folder_test, a_store_is_opened_by_its_uri_and_a_function_takes_its_proxies) {
  farhold::store store = farhold::store::open("box", uri("?capacity=64KiB"), {.inline_bytes = 0});
  const std::string token = store.proxy(numbers(1000, 0.5)).to_string();
  EXPECT_EQ(500.0, sum(farhold::proxy<numbers>::from_string(token)));
  EXPECT_EQ(1U, store.metrics().on(farhold::path::mapped).resolves);
  EXPECT_THROW(static_cast<void>(store.put(numbers(10'000))), farhold::error)
      << "above the capacity of the URI";
  store.close();
  EXPECT_TRUE(std::filesystem::is_empty(scratch_));
}

TEST_F(folder_test, a_uri_that_cannot_be_meant_says_what_is_wrong_with_it) {
  const auto told = [](const std::string& text) -> std::string {
    try {
      static_cast<void>(farhold::registry::global().open(text));
    } catch (const farhold::error& problem) {
      EXPECT_EQ(errc::invalid_argument, problem.kind());
      return problem.what();
    }
    return "nothing";
  };
  EXPECT_THAT(told("folder:///nowhere/at/all"), testing::HasSubstr("'/nowhere/at/all' cannot hold objects"));
  EXPECT_THAT(told("folder://tmp"), testing::HasSubstr("absolute"));
  EXPECT_THAT(told(uri("?capacity=lots")), testing::HasSubstr("'lots'"));
  EXPECT_THAT(told(uri("?colour=red")), testing::HasSubstr("'colour'"));
  EXPECT_THAT(told("shelf:///tmp"), testing::HasSubstr("folder://")) << "the schemes that are known";
}

TEST_F(folder_test, what_a_killed_producer_has_put_stays) {
  std::array<int, 2> ends{};
  ASSERT_EQ(0, ::pipe(ends.data()));
  const pid_t producer = ::fork();
  ASSERT_GE(producer, 0);
  if (producer == 0) {
    farhold::store store = farhold::store::open("box", uri(), {.inline_bytes = 0});
    const std::string token = store.proxy(numbers(1000, 0.5)).to_string();
    static_cast<void>(::write(ends[1], token.data(), token.size()) == 0);
    ::raise(SIGKILL);
  }
  ::close(ends[1]);
  std::string token(1000, '\0');
  token.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], token.data(), token.size()))));
  ::close(ends[0]);
  int how = 0;
  ASSERT_EQ(producer, ::waitpid(producer, &how, 0));
  ASSERT_TRUE(WIFSIGNALED(how));

  farhold::store store = farhold::store::open("box", uri());
  const auto left = farhold::proxy<numbers>::from_string(token);
  EXPECT_EQ(500.0, sum(left));
  store.evict(left.key());
  EXPECT_FALSE(store.exists(left.key()));
  store.close();
}

/// Looks at the bytes where they are.
class looking final : public farhold::landing {
 public:
  std::byte* prepare(std::uint64_t, std::uint64_t) noexcept override { return nullptr; }
  [[nodiscard]] bool wants_view() const noexcept override { return true; }
  void show(farhold::byte_view memory, farhold::pin hold) noexcept override {
    seen = memory;
    pin = std::move(hold);
  }
  farhold::status fill(farhold::byte_view) noexcept override { return {errc::unsupported, 0, "copy"}; }

  farhold::byte_view seen;
  farhold::pin pin;
};

constexpr std::chrono::seconds patience{10};

/// Puts one object of 100 times `value`.
farhold::key put(farhold::connector& into, std::byte value) {
  farhold::reservation room;
  EXPECT_TRUE(into.reserve(100, patience, room).ok());
  std::fill(room.memory.begin(), room.memory.end(), value);
  farhold::key made;
  EXPECT_TRUE(into.publish(room, {}, made).ok());
  return made;
}

TEST_F(folder_test, a_view_outlives_its_object_and_its_connector) {
  auto connector = folder::connector(scratch_);
  const farhold::key object = put(*connector, std::byte{7});
  const farhold::landing_ptr where(new looking);
  auto& view = static_cast<looking&>(*where);
  farhold::read_report report;
  ASSERT_TRUE(connector->get(object, view, patience, report).ok());
  EXPECT_TRUE(connector->evict(object, patience).ok());
  EXPECT_EQ(errc::stale, connector->get(object, view, patience, report).code);
  EXPECT_TRUE(connector->close(patience).ok());
  connector.reset();
  EXPECT_EQ(100U, view.seen.size());
  EXPECT_THAT(view.seen, testing::Each(std::byte{7}));
}

TEST_F(folder_test, a_folder_that_was_introduced_is_looked_into) {
  const std::string elsewhere = scratch_ + "/elsewhere";
  const std::string here = scratch_ + "/here";
  ASSERT_TRUE(std::filesystem::create_directory(elsewhere) && std::filesystem::create_directory(here));
  const auto producer = folder::connector(elsewhere);
  const auto consumer = folder::connector(here);
  const farhold::key object = put(*producer, std::byte{3});
  const farhold::landing_ptr where(new looking);
  farhold::read_report report;
  EXPECT_EQ(errc::producer_lost, consumer->get(object, *where, patience, report).code);
  consumer->introduce("folder:///nowhere/at/all");
  consumer->introduce(producer->uri());
  EXPECT_TRUE(consumer->get(object, *where, patience, report).ok());
  EXPECT_EQ(100U, static_cast<looking&>(*where).seen.size());
  EXPECT_TRUE(producer->close(patience).ok() && consumer->close(patience).ok());
}

TEST_F(folder_test, a_key_that_was_not_made_here_is_an_error) {
  const auto connector = folder::connector(scratch_);
  const farhold::key object = put(*connector, std::byte{1});
  const farhold::landing_ptr where(new looking);
  farhold::read_report report;
  const auto code_of = [&](const farhold::key& forged) {
    return connector->get(forged, *where, patience, report).code;
  };
  const std::array<std::byte, 3> short_id{};
  std::array<std::byte, 16> foreign_id{};
  EXPECT_EQ(errc::not_found, code_of({object.type(), 100, short_id}));
  EXPECT_EQ(errc::producer_lost, code_of({object.type(), 100, foreign_id}));
  EXPECT_EQ(errc::corrupt, code_of({object.type(), 101, object.id()})) << "a size that is not the object's";
  EXPECT_TRUE(connector->close(patience).ok());
}

}  // namespace
