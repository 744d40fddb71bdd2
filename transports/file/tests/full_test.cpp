// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A file system that is full: a small one in memory, in a mount namespace of this program's own.
#include <fstream>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>

#include "support/fails.hpp"
#include "support/scratch.hpp"

namespace farhold::file {

using farhold::test::scratch;
namespace {

using bytes = std::vector<std::byte>;

/// As root, or as one's own root in a user namespace.
bool mount_small(const std::string& directory) {
  const std::string user = std::to_string(::getuid()), group = std::to_string(::getgid());
  const bool root = ::getuid() == 0;
  if (::unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
  if (!root) {
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=4m") == 0;
}

TEST(file_full, a_full_file_system_is_an_error_and_loses_nothing) {
  const scratch own;
  if (!mount_small(own.path())) GTEST_SKIP() << "no right to mount a file system in a namespace of one's own";
  key kept;
  {
    store s("full", connector({.directory = own.path()}), {.inline_bytes = 0});
    kept = s.put(bytes(1'000'000, std::byte{7}));
    const auto full = [&](auto call) {
      return test::fails(errc::out_of_memory, call, {"'" + own.path() + "' is full", "evict"});
    };
    EXPECT_TRUE(full([&] { return s.put(bytes(8'000'000)); }));
    EXPECT_TRUE(full([&] { return s.put_batch(std::vector<bytes>(8, bytes(1'000'000))); }));
    const key more = s.put(bytes(2'000'000));  // nothing is left of what failed
    EXPECT_TRUE(full([&] { return s.put(bytes(2'000'000)); }));
    s.evict(more);
    EXPECT_EQ(s.get<bytes>(s.put(bytes(2'000'000, std::byte{9}))), bytes(2'000'000, std::byte{9}));
    EXPECT_EQ(s.get<bytes>(kept), bytes(1'000'000, std::byte{7}));
    s.close();
  }
  ASSERT_EQ(::mount(nullptr, own.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  {
    store s("frozen", connector({.directory = own.path()}), {.inline_bytes = 0});
    EXPECT_TRUE(test::fails(errc::permission, [&] { return s.put(1); }, {own.path(), "read-only"}));
    EXPECT_TRUE(test::fails(errc::permission, [&] { return s.evict(kept), 0; }, {own.path(), "read-only"}));
    EXPECT_EQ(s.get<bytes>(kept), bytes(1'000'000, std::byte{7}));
  }
  ::umount2(own.path().c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace farhold::file
