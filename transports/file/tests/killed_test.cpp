// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Writers are killed at random moments, again and again, while others read. $FARHOLD_FILE_KILLS: how often.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>

#include "killed_record.hpp"
#include "object_file.hpp"
#include "support/scratch.hpp"

namespace farhold::file {

using farhold::test::scratch;
namespace {

namespace fs = std::filesystem;
using bytes = std::vector<std::byte>;

unsigned kills() {
  const char* const wanted = std::getenv("FARHOLD_FILE_KILLS");
  return wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : 100;
}

/// Another process that writes, and the pipe on which it tells what it did.
class writer {
 public:
  writer(const std::string& uri, unsigned seed) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    std::string uri_argument = uri, seed_argument = std::to_string(seed), name = "writer", mode = "--writer";
    const std::array<char*, 5> arguments = {name.data(), mode.data(), uri_argument.data(),
                                            seed_argument.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (::posix_spawn(&process_, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) != 0)
      std::abort();
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer() {
    kill();
    ::close(pipe_);
  }

  /// The next thing it tells; false when it is dead and has told all.
  bool next(record& r) const { return ::read(pipe_, &r, sizeof r) == ssize_t{sizeof r}; }
  /// True when it stands still.
  [[nodiscard]] bool stop() const {
    int how = 0;
    return ::kill(process_, SIGSTOP) == 0 && ::waitpid(process_, &how, WUNTRACED) == process_ &&
           WIFSTOPPED(how);
  }
  [[nodiscard]] bool go_on() const { return ::kill(process_, SIGCONT) == 0; }
  /// By a signal that cannot be caught. True if that is what ended it.
  bool kill() {
    if (process_ == 0) return false;
    ::kill(process_, SIGKILL);
    int how = 0;
    const bool waited = ::waitpid(process_, &how, 0) == process_;
    process_ = 0;
    return waited && WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL;
  }

 private:
  pid_t process_ = 0;
  int pipe_ = -1;
};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

/// Every object's file that can be seen now, also by no key: whole, or it was evicted while we looked.
std::vector<fs::path> visible_objects(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& folder : fs::directory_iterator(directory / "farhold/objects")) {
    for (const auto& file : fs::directory_iterator(folder)) files.push_back(file.path());
  }
  return files;
}
bool file_is_whole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return true;
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  const byte_view content = std::as_bytes(std::span(all));
  if (content.size() < sizeof(object_header)) return false;
  object_header header;
  std::memcpy(&header, content.data(), sizeof header);
  const byte_view payload = content.subspan(sizeof header);
  return header.magic == object_header::right_magic && header.size_bytes == payload.size() &&
         is_whole(payload);
}

/// Two threads that read whatever there is, all the time.
class readers {
 public:
  explicit readers(const fs::path& directory, store& s)
      : by_name_([this, directory] {
          while (!over_) {
            for (const fs::path& file : visible_objects(directory)) count(file_is_whole(file));
          }
        }),
        by_key_([this, &s] {
          std::minstd_rand dice(7);
          while (!over_) {
            const key object = some(dice);
            if (object.empty()) continue;
            try {
              count(is_whole(s.get<bytes>(object)));
            } catch (const error& problem) {
              if (problem.kind() != errc::stale) count(false);
            }
          }
        }) {}
  readers(const readers&) = delete;
  readers& operator=(const readers&) = delete;
  ~readers() {
    over_ = true;
    by_name_.join();
    by_key_.join();
  }

  void show(const key& object) {
    const std::scoped_lock lock(mutex_);
    keys_.push_back(object);
  }
  void new_round() {
    const std::scoped_lock lock(mutex_);
    keys_.clear();
  }
  [[nodiscard]] std::size_t seen() const { return seen_; }
  [[nodiscard]] std::size_t torn() const { return torn_; }

 private:
  key some(std::minstd_rand& dice) {
    const std::scoped_lock lock(mutex_);
    return keys_.empty() ? key() : keys_[dice() % keys_.size()];
  }
  void count(bool whole) {
    ++seen_;
    if (!whole) ++torn_;
  }

  std::atomic<bool> over_{false};
  std::atomic<std::size_t> seen_{0};
  std::atomic<std::size_t> torn_{0};
  std::mutex mutex_;
  std::vector<key> keys_;
  std::thread by_name_;
  std::thread by_key_;
};

errc kind_of_reading(store& s, const key& object) {
  try {
    return is_whole(s.get<bytes>(object)) ? errc::ok : errc::corrupt;
  } catch (const error& problem) {
    return problem.kind();
  }
}

TEST(file_killed, whatever_the_moment_nothing_is_torn_lost_or_left) {
  const scratch own;
  const fs::path directory = own.path();
  store s("reader", connector({.directory = own.path()}), {.inline_bytes = 0});
  readers others(directory, s);
  std::minstd_rand dice(1);
  std::size_t inside_a_put = 0, inside_an_evict = 0, kept = 0, evicted = 0;
  for (unsigned round = 0; round < kills(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::map<key, record::kind> told;
    const auto note = [&](const record& r) {
      told[r.object()] = r.what;
      if (r.what == record::put) others.show(r.object());
    };
    writer doomed("file://" + own.path() + (round % 2 == 0 ? "" : "?durable=off"), round + 1);
    record r;
    for (auto wanted = dice() % 8; wanted > 0 && doomed.next(r); --wanted) note(r);
    // Nothing is waited for: this makes the moment a random one.
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % (dice() % 2 == 0 ? 100 : 10'000)));
    ASSERT_TRUE(doomed.kill()) << "the writer ended by itself";
    while (doomed.next(r)) note(r);

    for (const std::string& folder : names_in(directory / "farhold/writers")) {
      if (names_in(directory / "farhold/writers" / folder) != std::set<std::string>{"lock"}) ++inside_a_put;
    }
    store next("next", connector({.directory = own.path()}), {.inline_bytes = 0});
    EXPECT_EQ(names_in(directory), std::set<std::string>{"farhold"});
    EXPECT_EQ(names_in(directory / "farhold"), (std::set<std::string>{"objects", "store", "writers"}));
    EXPECT_EQ(names_in(directory / "farhold/writers"), std::set<std::string>{});

    std::size_t alive = 0;
    for (const auto& [object, last] : told) {
      const errc now = kind_of_reading(next, object);
      if (last == record::evicting) {
        ++inside_an_evict;
        EXPECT_TRUE(now == errc::ok || now == errc::stale) << to_string(now);
      } else {
        EXPECT_EQ(to_string(now), std::string(to_string(last == record::put ? errc::ok : errc::stale)));
        ++(last == record::put ? kept : evicted);
      }
      if (now == errc::ok) ++alive;
    }
    const auto files = visible_objects(directory);
    EXPECT_LE(files.size(), alive + 1) << "more than the one whose put was not acknowledged";
    for (const fs::path& file : files) {
      EXPECT_TRUE(file_is_whole(file)) << file;
      fs::remove(file);
    }
    others.new_round();
    next.close();
  }
  EXPECT_EQ(others.torn(), 0U);
  EXPECT_GT(others.seen(), kills());
  EXPECT_GT(inside_a_put, 0U) << "no kill has met a put: the test shows nothing";
  EXPECT_GT(kept, kills());
  EXPECT_GT(evicted, 0U);
  std::printf(
      "%u kills, %zu of them inside a put and %zu inside an evict; %zu objects kept, %zu evicted; %zu reads "
      "by others\n",
      kills(), inside_a_put, inside_an_evict, kept, evicted, others.seen());
}

TEST(file_killed, a_stopped_writer_is_not_a_dead_one) {
  const scratch own;
  writer stopped("file://" + own.path() + "?durable=off", 1);
  std::map<key, record::kind> told;
  record r;
  for (int i = 0; i < 50 && stopped.next(r); ++i) told[r.object()] = r.what;
  ASSERT_TRUE(stopped.stop());
  const auto folders = names_in(own.path() + "/farhold/writers");
  EXPECT_EQ(folders.size(), 1U);
  store s("reader", connector({.directory = own.path()}), {.inline_bytes = 0});
  EXPECT_EQ(names_in(own.path() + "/farhold/writers"), folders);
  std::size_t resolved = 0;
  for (const auto& [object, last] : told) {
    if (last == record::evicted) {
      EXPECT_EQ(to_string(kind_of_reading(s, object)), std::string("stale"));
    } else if (kind_of_reading(s, object) ==
               errc::ok) {  // or it was evicted after what we have read of the pipe
      ++resolved;
    }
  }
  EXPECT_GT(resolved, 0U);
  ASSERT_TRUE(stopped.go_on());
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(stopped.next(r)) << "it cannot go on";
}

TEST(file_killed, a_directory_that_is_being_made_is_made_by_the_next_one) {
  std::minstd_rand dice(2);
  std::size_t unfinished = 0;
  // Making 256 folders durable takes its time: fewer rounds.
  for (unsigned round = 0; round < kills() / 5; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const scratch own;
    writer doomed("file://" + own.path(), round + 1);
    // As soon as it has begun, or somewhat later.
    while (fs::is_empty(own.path())) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % 4'000));
    ASSERT_TRUE(doomed.kill());
    if (!fs::exists(own.path() + "/farhold")) ++unfinished;
    store next("next", connector({.directory = own.path()}), {.inline_bytes = 0});
    EXPECT_EQ(names_in(own.path()), std::set<std::string>{"farhold"});
    EXPECT_EQ(next.get<int>(next.put(42)), 42);
  }
  EXPECT_GT(unfinished, 0U) << "no kill has met the making: the test shows nothing";
}

}  // namespace
}  // namespace farhold::file

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--writer") {
    return farhold::file::write_until_killed(argv[2], STDOUT_FILENO, std::stoull(argv[3]));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
