// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/metrics.hpp>

#include <iterator>

namespace farhold {

namespace {

/// Counters only grow; a gauge is what is so at the moment.
enum class kind { counter, gauge };

/// One number of `Of`: everything that any output says about it.
template <class Of>
struct member {
  const char* name;
  std::uint64_t Of::*value;
  kind is;
  const char* help;
};

constexpr member<metrics::travelled> of_paths[] = {
    {"resolves", &metrics::travelled::resolves, kind::counter, "Objects that arrived"},
    {"bytes", &metrics::travelled::bytes, kind::counter, "Payload bytes that arrived"},
};

constexpr member<metrics> of_stores[] = {
    {"published", &metrics::published, kind::counter, "Objects put by this process"},
    {"published_bytes", &metrics::published_bytes, kind::counter, "Payload bytes put by this process"},
    {"published_in_place", &metrics::published_in_place, kind::counter, "Objects put that were not copied"},
    {"evicted", &metrics::evicted, kind::counter, "Objects of this process that were ended"},
    {"failed_evictions", &metrics::failed_evictions, kind::counter,
     "Objects whose lifetime had ended and that could not be evicted"},
    {"arenas", &metrics::arenas, kind::gauge, "Arenas of this process"},
    {"arena_bytes", &metrics::arena_bytes, kind::gauge, "Bytes of all arenas of this process"},
    {"arena_used_bytes", &metrics::arena_used_bytes, kind::gauge,
     "Bytes of arenas that hold objects, or wait to be reused"},
    {"adopted_bytes", &metrics::adopted_bytes, kind::gauge, "Bytes published in their container's memory"},
    {"lent_bytes", &metrics::lent_bytes, kind::gauge, "Bytes published in memory that the user keeps"},
    {"pins_held", &metrics::pins_held, kind::gauge, "Blocks kept by views of this process"},
    {"failed_resolves", &metrics::failed_resolves, kind::counter, "Reads that ended in an error"},
    {"observed_stale", &metrics::observed_stale, kind::counter, "Reads that found their object evicted"},
    {"reused_during_read", &metrics::reused_during_read, kind::counter,
     "Reads whose object was alive when they began and gone when they ended"},
    {"second_looks", &metrics::second_looks, kind::counter, "Reads whose trailer was fetched again"},
    {"timeouts", &metrics::timeouts, kind::counter, "Calls that ended at their deadline"},
    {"quarantined_bytes", &metrics::quarantined_bytes, kind::gauge,
     "Landing memory that the fabric may still write into"},
    {"service_requests", &metrics::service_requests, kind::counter, "Requests answered as a producer"},
    {"service_bytes", &metrics::service_bytes, kind::counter, "Payload bytes sent as a producer"},
    {"refused_requests", &metrics::refused_requests, kind::counter, "Requests malformed or out of range"},
};

static_assert(std::size(of_paths) * sizeof(std::uint64_t) == sizeof(metrics::travelled));
static_assert(std::size(of_stores) * sizeof(std::uint64_t) == sizeof(metrics) - sizeof(metrics::by_path),
              "a member of metrics has no line in the table");

template <class Of, std::size_t N>
std::string json_members(const Of& from, const member<Of> (&members)[N]) {
  std::string text;
  for (const member<Of>& m : members) {
    text += (text.empty() ? "\"" : ",\"") + std::string(m.name) + "\":" + std::to_string(from.*m.value);
  }
  return text;
}

// https://prometheus.io/docs/instrumenting/exposition_formats/: the text format.

/// "farhold_bytes_total": the name in Prometheus, where a counter is known by its end.
template <class Of>
std::string prometheus_name(const member<Of>& m) {
  return std::string("farhold_") + m.name + (m.is == kind::counter ? "_total" : "");
}

template <class Of>
std::string prometheus_head(const member<Of>& m) {
  const std::string name = prometheus_name(m);
  return "# HELP " + name + ' ' + m.help + ".\n# TYPE " + name +
         (m.is == kind::counter ? " counter\n" : " gauge\n");
}

std::string escaped(std::string_view label_value) {
  std::string text;
  for (const char c : label_value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string_view to_string(path p) noexcept {
  constexpr std::array<std::string_view, path_count> names = {"inlined", "cached",  "local", "mapped", "cma",
                                                              "window",  "service", "view",  "storage"};
  const auto at = static_cast<std::size_t>(p);
  return at < names.size() ? names[at] : "unknown";
}

std::string metrics::to_json() const {
  std::string paths;
  for (std::size_t i = 0; i < path_count; ++i) {
    paths += (i > 0 ? ",\"" : "\"") + std::string(to_string(static_cast<path>(i))) + "\":{" +
             json_members(by_path[i], of_paths) + '}';
  }
  return "{\"by_path\":{" + paths + "}," + json_members(*this, of_stores) + '}';
}

std::string metrics::to_prometheus(std::string_view store_name) const {
  const std::string store = "store=\"" + escaped(store_name) + '"';
  std::string text;
  for (const member<travelled>& m : of_paths) {
    text += prometheus_head(m);
    for (std::size_t i = 0; i < path_count; ++i) {
      text += prometheus_name(m) + '{' + store + ",path=\"" + std::string(to_string(static_cast<path>(i))) +
              "\"} " + std::to_string(by_path[i].*m.value) + '\n';
    }
  }
  for (const member<metrics>& m : of_stores) {
    text +=
        prometheus_head(m) + prometheus_name(m) + '{' + store + "} " + std::to_string(this->*m.value) + '\n';
  }
  return text;
}

}  // namespace farhold
