// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "host_facts.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "rma/host.hpp"
#include "text.hpp"

namespace farhold::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return printable(line);
}

/// "always [madvise] never": the word in brackets.
std::string chosen(const fs::path& path) {
  const std::string line = first_line(path);
  const auto from = line.find('['), to = line.find(']');
  return from == std::string::npos || to == std::string::npos ? "unknown"
                                                              : line.substr(from + 1, to - from - 1);
}

std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

host_fact kernel() {
  utsname name{};
  ::uname(&name);
  host_fact fact{"kernel", "kernel", name.release, std::string("Linux ") + name.release, "", ""};
  int major = 0, minor = 0;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) == 2 && std::pair(major, minor) < std::pair(5, 4)) {
    fact.problem = "this kernel is older than 5.4, the oldest farhold was made for";
    fact.cure = "use a newer one";
  }
  return fact;
}

host_fact processors() {
  const unsigned count = std::thread::hardware_concurrency();
  return {"processors", "processors", count, std::to_string(count), "", ""};
}

host_fact hypervisor() {
  const bool is_virtual = rma::under_hypervisor();
  return {
      "hypervisor",
      "virtual",
      is_virtual,
      is_virtual ? "yes, so every one-sided read is validated by a second look (validation=recheck)" : "no",
      "",
      ""};
}

host_fact memory() {
  const std::uint64_t bytes = rma::available_memory_bytes();
  host_fact fact{"memory_available_bytes", "memory", bytes, human_bytes(bytes) + " can be used", "", ""};
  if (bytes < 256 * mebibyte) {
    fact.problem = "little memory is left: stores begin with 64 MiB each";
    fact.cure = "end other processes, raise the limit of the control group, or open stores with ?arena=16MiB";
  }
  return fact;
}

host_fact shared_memory() {
  host_fact fact{"dev_shm_free_bytes", "/dev/shm", nullptr, "", "", ""};
  struct statvfs room {};
  if (::statvfs("/dev/shm", &room) != 0) {
    fact.text = "not there";
    fact.problem = "there is no /dev/shm; farhold itself needs none, but MPI and UCX do";
    fact.cure = "mount -t tmpfs shm /dev/shm";
    return fact;
  }
  const std::uint64_t free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  fact.value = free_bytes;
  fact.text = fmt::format("{} of {} free", human_bytes(free_bytes),
                          human_bytes(std::uint64_t{room.f_blocks} * room.f_frsize));
  if (free_bytes < 64 * mebibyte) {
    fact.problem =
        "/dev/shm is nearly full or very small; farhold itself needs none, but MPI and UCX crash (SIGBUS) "
        "without room";
    fact.cure =
        "remove what is left over there, or: mount -o remount,size=1G /dev/shm (docker run --shm-size=1g)";
  }
  return fact;
}

std::string limit_text(rlim_t limit, bool bytes) {
  if (limit == RLIM_INFINITY) return "unlimited";
  return bytes ? human_bytes(limit) : std::to_string(limit);
}

host_fact open_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  host_fact fact{"open_files",
                 "open files",
                 limit.rlim_cur,
                 fmt::format("{} (ulimit -n; up to {})", limit_text(limit.rlim_cur, false),
                             limit_text(limit.rlim_max, false)),
                 "",
                 ""};
  if (limit.rlim_cur < 1024) {
    fact.problem = "few files may be open: each producer that is read from takes two";
    fact.cure = "ulimit -n 4096";
  }
  return fact;
}

host_fact locked_memory(bool has_devices) {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  host_fact fact{
      "locked_memory_bytes",
      "locked memory",
      limit.rlim_cur == RLIM_INFINITY ? nlohmann::json("unlimited") : nlohmann::json(limit.rlim_cur),
      limit_text(limit.rlim_cur, true) + " (ulimit -l)",
      "",
      ""};
  if (has_devices && limit.rlim_cur < 1024 * mebibyte) {
    fact.problem = "InfiniBand registers memory, which is locked then, and little may be";
    fact.cure =
        "ulimit -l unlimited; for everybody: '* - memlock unlimited' in /etc/security/limits.conf; in Slurm: "
        "PropagateResourceLimitsExcept=MEMLOCK";
  }
  return fact;
}

host_fact ptrace_scope() {
  const fs::path path = "/proc/sys/kernel/yama/ptrace_scope";
  const std::string scope = first_line(path);
  host_fact fact{"ptrace_scope", "ptrace scope", nullptr, "no restriction (no Yama)", "", ""};
  if (scope.empty()) return fact;
  fact.value = scope;
  fact.text = scope == "0" ? "0, no restriction" : scope;
  if (scope != "0") {
    fact.problem =
        "the kernel lets processes read only their children's memory (Yama): lent and adopted memory is sent "
        "by its "
        "producer, a copy more";
    fact.cure = "sysctl kernel.yama.ptrace_scope=0, if your site allows it";
  }
  return fact;
}

host_fact huge_pages() {
  const std::string shared = chosen("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  const std::string anonymous = chosen("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::string reserved = first_line("/proc/sys/vm/nr_hugepages");
  return {"huge_pages",
          "huge pages",
          {{"shared_memory", shared}, {"anonymous", anonymous}, {"reserved", reserved}},
          fmt::format("shared memory {}, other {}, reserved {}", shared, anonymous,
                      reserved.empty() ? "none" : reserved),
          "",
          ""};
}

host_fact rdma_devices() {
  host_fact fact{"rdma_devices", "RDMA devices", nlohmann::json::array(), "", "", ""};
  const fs::path folder = "/sys/class/infiniband";
  std::string down;
  for (const std::string& device : entries(folder)) {
    for (const std::string& port : entries(folder / device / "ports")) {
      const fs::path of = folder / device / "ports" / port;
      const std::string state = first_line(of / "state"), layer = first_line(of / "link_layer");
      const std::string name = fmt::format("{}:{}", device, port);
      fact.value.push_back({{"name", name}, {"state", state}, {"link_layer", layer}});
      fact.text += fmt::format("{}{} ({}, {})", fact.text.empty() ? "" : ", ", name, layer, state);
      if (state.find("ACTIVE") == std::string::npos) down.append(" ").append(name);
    }
  }
  if (fact.text.empty()) fact.text = "none";
  if (!down.empty()) {
    fact.problem = "these ports are not active:" + down;
    fact.cure = "look at the cable and at the subnet manager (ibstat, rdma link)";
  }
  return fact;
}

host_fact networks() {
  host_fact fact{"networks", "networks", nlohmann::json::array(), "", "", ""};
  for (const std::string& name : entries("/sys/class/net")) {
    const std::string state = first_line(fs::path("/sys/class/net") / name / "operstate");
    if (name == "lo" || state == "down") continue;
    fact.value.push_back(name);
    fact.text += (fact.text.empty() ? "" : ", ") + name;
  }
  if (fact.text.empty()) fact.text = "none but this host's own";
  return fact;
}

}  // namespace

std::vector<host_fact> host_facts() {
  host_fact devices = rdma_devices();
  const bool has_devices = !devices.value.empty();
  std::vector<host_fact> all;
  for (auto& fact : {kernel(), processors(), hypervisor(), memory(), shared_memory(), open_files(),
                     locked_memory(has_devices), ptrace_scope(), huge_pages(), networks()})
    all.push_back(fact);
  all.push_back(std::move(devices));
  return all;
}

}  // namespace farhold::tools
