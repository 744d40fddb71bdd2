// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "rma/arena.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "rma/host.hpp"
#include "rma/mapping.hpp"

namespace farhold::rma {
namespace {

constexpr std::uint64_t incarnation = 0xA0A1A2A3A4A5A6A7;

std::uint64_t page_bytes() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

bool is_mapped(const void* at) {
  unsigned char in_core = 0;
  return ::mincore(const_cast<void*>(at), page_bytes(), &in_core) == 0;
}

/// A descriptor as any other process would get it.
int reopen(pid_t pid, int fd, int flags) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
  return ::open(path.c_str(), flags | O_CLOEXEC);
}

/// Runs `body` in a forked child. Its exit code, or 128 + the signal that ended it.
template <class Body>
int in_child(Body&& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // sanitizers report and exit instead
    ::_exit(body());
  }
  int how = 0;
  EXPECT_EQ(child, ::waitpid(child, &how, 0));
  return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

class arena_test : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(made.create(100'000, incarnation)); }

  [[nodiscard]] int fd() const { return made.description().fd; }

  arena made;
};

TEST_F(arena_test, has_a_header_and_room_for_what_was_asked) {
  EXPECT_EQ(0U, made.memory().size() % page_bytes());
  EXPECT_GE(made.memory().size(), arena::header_bytes + 100'000);
  EXPECT_LT(made.memory().size(), arena::header_bytes + 100'000 + page_bytes());
  segment_header header;
  std::memcpy(&header, made.memory().data(), sizeof header);
  EXPECT_EQ(0, std::memcmp(made.memory().data(), "FHRAREN1", 8));
  EXPECT_EQ(incarnation, header.incarnation);
  EXPECT_EQ(made.memory().size(), header.segment_bytes);
}

TEST_F(arena_test, its_card_describes_it) {
  const card& c = made.description();
  EXPECT_EQ(::getpid(), c.pid);
  EXPECT_EQ(incarnation, c.incarnation);
  EXPECT_EQ(this_boot(), c.boot);
  EXPECT_NE(boot_id{}, c.boot);
  EXPECT_EQ(start_time(::getpid()), c.start_time);
  EXPECT_NE(0U, c.start_time);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(made.memory().data()), c.base_address);
  EXPECT_EQ(made.memory().size(), c.segment_bytes);
  struct stat found {};
  ASSERT_EQ(0, ::fstat(c.fd, &found));
  EXPECT_EQ(static_cast<off_t>(c.segment_bytes), found.st_size);
}

TEST_F(arena_test, is_sealed_for_its_owner_too) {
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
  EXPECT_EQ(seals, ::fcntl(fd(), F_GET_SEALS));
  EXPECT_EQ(-1, ::fcntl(fd(), F_ADD_SEALS, F_SEAL_WRITE));
  EXPECT_EQ(-1, ::ftruncate(fd(), 4096));
  EXPECT_EQ(-1, ::ftruncate(fd(), static_cast<off_t>(2 * made.memory().size())));
  fill_pattern(made.memory().subspan(arena::header_bytes),
               1);  // and still writable through the mapping it has
  EXPECT_EQ(0U, count_wrong(made.memory().subspan(arena::header_bytes), 1));
}

/// What a process with every permission tries on a segment that is not its own. 0, or which attempt
/// succeeded.
int try_to_harm(pid_t pid, int fd, std::uint64_t bytes) {
  const int file = reopen(pid, fd, O_RDWR);
  if (file < 0) return 0;
  const std::array<char, 8> word{};
  if (::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) != MAP_FAILED) return 1;
  void* const read_only = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  if (read_only == MAP_FAILED) return 2;  // this one has to work
  if (::mprotect(read_only, bytes, PROT_READ | PROT_WRITE) == 0) return 3;
  if (::write(file, word.data(), word.size()) >= 0) return 4;
  if (::ftruncate(file, 0) == 0) return 5;
  if (::ftruncate(file, static_cast<off_t>(2 * bytes)) == 0) return 6;
  if (::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0)
    return 7;
  if (std::memcmp(read_only, "FHRAREN1", 8) != 0) return 8;
  return 0;
}

TEST_F(arena_test, can_be_read_and_not_harmed_through_another_descriptor) {
  EXPECT_EQ(0, try_to_harm(::getpid(), fd(), made.memory().size()));
}

TEST_F(arena_test, can_be_read_and_not_harmed_by_another_process) {
  const pid_t owner = ::getpid();
  const int file = fd();
  const std::uint64_t bytes = made.memory().size();
  EXPECT_EQ(0, in_child([=] { return try_to_harm(owner, file, bytes); }));
}

TEST_F(arena_test, readers_see_later_writes) {
  const int file = reopen(::getpid(), fd(), O_RDONLY);
  ASSERT_GE(file, 0);
  void* const at = ::mmap(nullptr, made.memory().size(), PROT_READ, MAP_SHARED, file, 0);
  ASSERT_NE(MAP_FAILED, at);
  ::close(file);
  fill_pattern(made.memory().subspan(arena::header_bytes), 2);
  const byte_view seen(static_cast<const std::byte*>(at), made.memory().size());
  EXPECT_EQ(0U, count_wrong(seen.subspan(arena::header_bytes), 2));
  ::munmap(at, made.memory().size());
}

TEST_F(arena_test, is_not_there_in_a_forked_child) {
  volatile std::byte* const at = made.memory().data();
  ASSERT_TRUE(is_mapped(made.memory().data()));
  EXPECT_EQ(7, in_child([&] { return is_mapped(made.memory().data()) ? 8 : 7; }));
  const int touched = in_child([&] {
    *at = std::byte{0};
    return 0;
  });
  EXPECT_EQ(128 + SIGSEGV, touched);
  EXPECT_EQ(std::byte{'F'}, made.memory()[0]);
}

/// A field of what the kernel says of the mapping that begins at `at`: proc(5), smaps.
std::string field_of_mapping(const void* at, const std::string& name) {
  std::ostringstream start;
  start << std::hex << reinterpret_cast<std::uintptr_t>(at) << '-';
  std::ifstream file("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(start.str())) here = true;
    if (here && line.starts_with(name + ":")) return line.substr(name.size() + 1);
  }
  return {};
}

/// Most hosts give memory files none; on one that does, tests/lab/huge_pages.sh wants to see them.
TEST(arena, is_in_huge_pages_where_the_host_gives_any) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage"))
    GTEST_SKIP() << "this kernel has no huge pages";
  arena large;
  ASSERT_OK(large.create(64U << 20U, incarnation));
  EXPECT_THAT(field_of_mapping(large.memory().data(), "VmFlags"), ::testing::HasSubstr(" hg")) << "asked for";
  std::memset(large.memory().data() + arena::header_bytes, 1, large.memory().size() - arena::header_bytes);
  const mapping_ptr reader = mapping::open(large.description());
  ASSERT_NE(nullptr, reader);
  const byte_view seen = reader->arena(0).subspan(arena::header_bytes);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(std::count(seen.begin(), seen.end(), std::byte{1})));
  if (std::getenv("FARHOLD_TEST_HUGE_PAGES") == nullptr) return;
  for (const void* const at :
       {static_cast<const void*>(large.memory().data()), static_cast<const void*>(reader->arena(0).data())}) {
    EXPECT_GT(std::stol(field_of_mapping(at, "ShmemPmdMapped")), 0) << "KiB";
  }
}

TEST(arena, is_unmapped_and_closed_at_the_end) {
  const void* at = nullptr;
  int fd = -1;
  {
    arena short_lived;
    ASSERT_OK(short_lived.create(1 << 20U, incarnation));
    at = short_lived.memory().data();
    fd = short_lived.description().fd;
    ASSERT_TRUE(is_mapped(at));
  }
  EXPECT_FALSE(is_mapped(at));
  EXPECT_EQ(-1, ::fcntl(fd, F_GETFD));
}

TEST(arena, stays_for_good_if_leaked) {
  byte_span memory;
  card description;
  {
    arena lost;
    ASSERT_OK(lost.create(1 << 20U, incarnation));
    memory = lost.memory();
    description = lost.description();
    lost.leak();
  }
  ASSERT_TRUE(is_mapped(memory.data()));
  EXPECT_NE(-1, ::fcntl(description.fd, F_GETFD));
  ::munmap(memory.data(), memory.size());
  ::close(description.fd);
}

TEST(arena, without_room_for_objects_is_only_a_header) {
  arena empty;
  ASSERT_OK(empty.create(0, incarnation));
  EXPECT_EQ(arena::header_bytes, empty.memory().size());
}

TEST(arena, more_than_the_host_has_is_refused) {
  const std::uint64_t available = available_memory_bytes();
  ASSERT_GT(available, 0U);
  ASSERT_LT(available, std::uint64_t{1} << 60U) << "this host does not say what it has, in /proc/meminfo";
  arena greedy;
  EXPECT_STATUS(out_of_memory, greedy.create(2 * available, incarnation));
  EXPECT_TRUE(greedy.memory().empty());
}

TEST(arena, sizes_that_overflow_are_refused) {
  for (const std::uint64_t bytes :
       {std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max() - 4096,
        std::uint64_t{1} << 63U, (std::uint64_t{1} << 63U) - 1, (std::uint64_t{1} << 63U) - 8192}) {
    arena greedy;
    const status s = greedy.create(bytes, incarnation);
    EXPECT_TRUE(s.code == errc::out_of_memory || s.code == errc::invalid_argument) << bytes;
    EXPECT_TRUE(greedy.memory().empty());
  }
}

TEST(host, a_process_has_one_start_time_whatever_it_calls_itself) {
  const std::uint64_t before = start_time(::getpid());
  EXPECT_NE(0U, before);
  std::array<char, 16> name{};
  ::prctl(PR_GET_NAME, name.data());
  for (const char* trap : {"a b", ") 1 2 3", "((()))", "\n", ""}) {
    ::prctl(PR_SET_NAME, trap);
    EXPECT_EQ(before, start_time(::getpid())) << trap;
  }
  ::prctl(PR_SET_NAME, name.data());
  EXPECT_EQ(0U, start_time(0x7FFFFFFF));
}

}  // namespace
}  // namespace farhold::rma
