// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "host.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>

#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace farhold::rma {

namespace {

/// A file about a process; none if /proc is that of another pid namespace, where its number is somebody
/// else's.
std::string in_proc(pid_t pid, const char* name) {
  const pid_t me = ::getpid();
  std::array<char, 16> link{};
  const bool ours =
      ::readlink("/proc/self", link.data(), link.size() - 1) > 0 && link.data() == std::to_string(me);
  if (pid != me && !ours) return {};
  return "/proc/" + (pid == me ? "self" : std::to_string(pid)) + "/" + name;
}

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// The first word of a file as a number; nothing there, or "max", is no limit.
std::uint64_t read_limit(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : no_limit;
}

/// What a version 2 control group still allows, over all levels that are visible.
std::uint64_t control_group_bytes() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  std::uint64_t room = no_limit;
  while (std::getline(file, line)) {
    if (!line.starts_with("0::")) continue;
    for (std::string group = line.substr(3); !group.empty() && group != "/";
         group.erase(std::min(group.rfind('/'), group.size()))) {
      const std::string folder = "/sys/fs/cgroup" + group;
      const std::uint64_t limit = read_limit(folder + "/memory.max");
      const std::uint64_t used = read_limit(folder + "/memory.current");
      if (limit != no_limit && used != no_limit) room = std::min(room, limit > used ? limit - used : 0);
    }
  }
  return room;
}

}  // namespace

boot_id this_boot() noexcept {
  boot_id id{};
  std::FILE* const file = std::fopen("/proc/sys/kernel/random/boot_id", "re");
  if (file == nullptr) return id;
  // 8-4-4-4-12 hexadecimal digits
  std::size_t digits = 0;
  for (int c = std::fgetc(file); c != EOF && digits < 32; c = std::fgetc(file)) {
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) continue;
    id[digits / 16] = (id[digits / 16] << 4U) | static_cast<std::uint64_t>(value);
    ++digits;
  }
  std::fclose(file);
  return id;
}

std::uint64_t start_time(pid_t pid) noexcept try {
  std::ifstream file(in_proc(pid, "stat"));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto name_end = text.rfind(')');  // the command's name may hold anything, parentheses included
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  for (int i = 3; i < 22; ++i) rest >> field;  // proc(5): starttime is field 22
  std::uint64_t ticks = 0;
  return rest >> ticks ? ticks : 0;
} catch (...) {
  return 0;
}

bool process_ended(pid_t pid, std::uint64_t start) noexcept {
  if (pid <= 0) return false;
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) return errno == ESRCH;
  pollfd end{process, POLLIN, 0};  // readable once it has ended: pidfd_open(2)
  bool ended = ::poll(&end, 1, 0) == 1;
  // The pid may be another's by now. Start times of other users' processes may be hidden (hidepid).
  if (const std::uint64_t found = ended ? 0 : start_time(pid); found != 0 && found != start) ended = true;
  ::close(process);
  return ended;
}

namespaces_of_processes process_namespaces() noexcept {
  const auto number = [](const char* link) -> std::uint64_t {
    struct stat found {};
    return ::stat(link, &found) == 0 ? found.st_ino : 0;
  };
  return {.pid = number("/proc/self/ns/pid"), .time = number("/proc/self/ns/time")};
}

bool first_thread_has_ended(pid_t pid) noexcept try {
  std::ifstream file(in_proc(pid, "stat"));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto name_end = text.rfind(')');
  return name_end != std::string::npos && text.substr(name_end, 3) == ") Z";  // proc(5): state
} catch (...) {
  return false;
}

bool maps_file(pid_t pid, dev_t device, ino_t inode) noexcept try {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(in_proc(pid, "maps").c_str(), "re"),
                                                             &std::fclose);
  if (file == nullptr) return true;
  // What is mapped all the while is in it: Documentation/filesystems/proc.rst of Linux, on maps.
  std::array<char, 256> line{};
  bool any = false, whole = true;
  while (std::fgets(line.data(), line.size(), file.get()) != nullptr) {
    any = true;
    const bool begins = whole;
    whole = std::strchr(line.data(), '\n') != nullptr;  // else a long path is cut
    unsigned major_number = 0, minor_number = 0;
    unsigned long number = 0;
    if (begins &&
        std::sscanf(line.data(), "%*s %*s %*s %x:%x %lu", &major_number, &minor_number, &number) == 3 &&
        major_number == major(device) && minor_number == minor(device) && number == inode) {
      return true;
    }
  }
  return !any || std::ferror(file.get()) != 0;
} catch (...) {
  return true;
}

bool under_hypervisor() noexcept {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) != 0) return (c & (1U << 31U)) != 0;  // CPUID leaf 1, ECX bit 31
#endif
  return true;
}

std::uint64_t available_memory_bytes() noexcept try {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  std::uint64_t kib = 0;
  while (file >> name >> kib) {
    std::getline(file, unit);
    if (name == "MemAvailable:") return std::min(kib * 1024, control_group_bytes());
  }
  return control_group_bytes();
} catch (...) {
  return no_limit;
}

std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  while (number == 0) {
    if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) std::abort();
  }
  return number;
}

}  // namespace farhold::rma
