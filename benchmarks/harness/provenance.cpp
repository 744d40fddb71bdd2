// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "provenance.hpp"

#include <array>
#include <ctime>
#include <fstream>
#include <string_view>
#include <thread>

#include <sys/utsname.h>

#include "build_facts.hpp"

#ifdef FARHOLD_BENCH_HWLOC
#include <hwloc.h>
#endif

namespace farhold::bench {

namespace {

/// The value of the first line of /proc/cpuinfo whose name is `name`; empty if there is none.
std::string cpu_info(std::string_view name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

std::string kernel() {
  utsname names{};
  return ::uname(&names) == 0 ? std::string(names.sysname) + " " + names.release + " " + names.machine : "";
}

#ifdef FARHOLD_BENCH_HWLOC
/// "1 package, 2 cores, 2 threads, 1 NUMA node, L3 32 MiB".
std::string topology() {
  hwloc_topology_t all = nullptr;
  if (hwloc_topology_init(&all) != 0) return "unknown";
  std::string made;
  if (hwloc_topology_load(all) == 0) {
    const auto add = [&](hwloc_obj_type_t type, const char* what) {
      const int count = hwloc_get_nbobjs_by_type(all, type);
      if (count <= 0) return;
      made += (made.empty() ? "" : ", ") + std::to_string(count) + " " + what + (count == 1 ? "" : "s");
    };
    add(HWLOC_OBJ_PACKAGE, "package");
    add(HWLOC_OBJ_CORE, "core");
    add(HWLOC_OBJ_PU, "thread");
    add(HWLOC_OBJ_NUMANODE, "NUMA node");
    if (const hwloc_obj_t cache = hwloc_get_obj_by_type(all, HWLOC_OBJ_L3CACHE, 0)) {
      made += ", L3 " + std::to_string(cache->attr->cache.size >> 20U) + " MiB";
    }
  }
  hwloc_topology_destroy(all);
  return made.empty() ? "unknown" : made;
}
#else
std::string topology() { return "not built: hwloc was not found"; }
#endif

}  // namespace

std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string one_minute;
  file >> one_minute;
  return one_minute;
}

provenance observe_conditions() {
  // A guest sees the flag `hypervisor`; a processor without flags (not x86) says nothing about it.
  const std::string flags = cpu_info("flags");
  const bool guest = (" " + flags + " ").find(" hypervisor ") != std::string::npos;
  provenance made{{"farhold", FARHOLD_BENCH_VERSION},
                  {"commit", FARHOLD_BENCH_COMMIT},
                  {"compiler", FARHOLD_BENCH_COMPILER},
                  {"build", FARHOLD_BENCH_BUILD},
                  {"cpu", cpu_info("model name")},
                  {"cores", std::to_string(std::thread::hardware_concurrency())},
                  {"kernel", kernel()},
                  {"hypervisor", flags.empty() ? "unknown"
                                 : guest       ? "yes"
                                               : "no"},
                  {"date", utc_now()},
                  {"topology", topology()},
                  {"load", load_average()}};
  // Of libfabric and others, too, that this farhold knows nothing of.
  for (const char* const fabric : {"mpi", "ucx", "ofi", "redis"})
    made[fabric] = "not built: no such transport";
  for (const tools::transport_fact& known : tools::transports()) {
    if (!made.contains(std::string(known.name))) continue;  // part of the core library
    // Without the path of a compiler, which stands behind the version.
    made[std::string(known.name)] = known.built ? std::string(known.why.substr(0, known.why.find(" (")))
                                                : "not built: " + std::string(known.why);
  }
  return made;
}

}  // namespace farhold::bench
