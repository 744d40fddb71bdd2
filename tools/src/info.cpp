// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <farhold/registry.hpp>

#include "build_facts.hpp"
#include "commands.hpp"
#include "default_store.hpp"
#include "exit_codes.hpp"
#include "host_facts.hpp"
#include "probe.hpp"
#include "text.hpp"

namespace farhold::tools {

namespace {

using nlohmann::json;

struct problem {
  std::string what;
  std::string cure;
};

struct tried_store {
  std::string uri;
  std::string_view reach;
  std::unique_ptr<probe> running;  // null: nothing to try
  probe_result result;
  fabric_survey survey = nullptr;
  std::vector<fabric_fact> fabric{};
};

std::string_view text_of(reach how_far) {
  switch (how_far) {
    case reach::process: return "this process";
    case reach::host: return "this host";
    case reach::network: return "other hosts";
    case reach::unknown: break;
  }
  return "as its URI says";
}

std::vector<tried_store> start_all(const std::string& only) {
  std::vector<tried_store> all;
  if (!only.empty()) {
    all.push_back({only, text_of(reach::unknown), std::make_unique<probe>(only), {}});
    return all;
  }
  for (const scheme_facts& scheme : registry::global().schemes()) {
    const std::string uri = scheme.name + "://";
    const bool tried = scheme.reach >= reach::host;
    all.push_back(
        {uri, text_of(scheme.reach), tried ? std::make_unique<probe>(uri) : nullptr, {}, scheme.survey});
  }
  return all;
}

std::string text_of(const tried_store& store) {
  if (store.running == nullptr) return "not tried";
  const probe_result& result = store.result;
  if (result.outcome != errc::ok) return "does not work";
  return fmt::format("works; objects: {}, lent memory: {}", result.own_path,
                     result.lent_in_place ? result.lent_path : result.lent_path + " of a copy");
}

void look_around(tried_store& store) {
  if (store.survey == nullptr) return;
  try {
    store.fabric = store.survey();
  } catch (const error& problem) {
    store.fabric.push_back({"survey", "no more is known", {}, problem.what(), "see above"});
  }
}

void look_for_problems(const tried_store& store, std::vector<problem>& problems) {
  for (const fabric_fact& fact : store.fabric) {
    if (!fact.problem.empty()) problems.push_back({store.uri + ": " + printable(fact.problem), fact.cure});
  }
  if (store.running == nullptr) return;
  const probe_result& result = store.result;
  if (result.outcome != errc::ok) {
    problems.push_back({fmt::format("{} cannot be used: {}", store.uri, printable(result.problem)),
                        "docs/errors.md, under " + std::string(to_string(result.outcome))});
  } else if (result.own_path == to_string(path::service)) {
    problems.push_back(
        {store.uri +
             ": processes of this host cannot look at each other's memory, so producers send every byte",
         "run both in the same pid and user namespace, or with the capability SYS_PTRACE (docker run "
         "--cap-add SYS_PTRACE --pid host)"});
  } else if (result.lent_in_place && result.lent_path == to_string(path::service)) {
    problems.push_back(
        {store.uri + ": process_vm_readv is not permitted here, so producers send what is lent or adopted",
         "docker run --cap-add SYS_PTRACE, or a seccomp profile that has the call; see also the ptrace "
         "scope"});
  }
}

json as_json(const std::vector<tried_store>& stores, const std::vector<host_fact>& facts,
             const std::vector<problem>& problems, const std::string& chosen) {
  json made{{"version", FARHOLD_VERSION}, {"compiler", FARHOLD_COMPILER}, {"default_store", chosen}};
  for (const transport_fact& transport : transports())
    made["transports"].push_back(
        {{"name", transport.name}, {"built", transport.built}, {"why", transport.why}});
  for (const tried_store& store : stores) {
    json one{{"uri", store.uri}, {"reach", store.reach}, {"tried", store.running != nullptr}};
    if (store.running != nullptr) {
      one["outcome"] = to_string(store.result.outcome);
      if (store.result.outcome == errc::ok) {
        one["objects"] = store.result.own_path;
        one["lent"] = store.result.lent_path;
        one["lent_in_place"] = store.result.lent_in_place;
      }
    }
    for (const fabric_fact& fact : store.fabric)
      one["fabric"][fact.key] = {{"text", fact.text}, {"names", fact.names}};
    made["stores"].push_back(std::move(one));
  }
  for (const host_fact& fact : facts) made["host"][fact.key] = fact.value;
  made["problems"] = json::array();
  for (const problem& one : problems) made["problems"].push_back({{"what", one.what}, {"cure", one.cure}});
  return made;
}

std::string as_text(const std::vector<tried_store>& stores, const std::vector<host_fact>& facts,
                    const std::vector<problem>& problems, const std::string& chosen) {
  std::string made = fmt::format("farhold {}, built with {}\n\nTransports of this build\n", FARHOLD_VERSION,
                                 FARHOLD_COMPILER);
  for (const transport_fact& transport : transports())
    made += fmt::format("  {:<10}{:<5}{}\n", transport.name, transport.built ? "yes" : "no", transport.why);
  made += "\nStores, and how bytes of another process of this host come\n";
  for (const tried_store& store : stores) {
    made += fmt::format("  {:<10}reaches {}: {}\n", printable(store.uri), store.reach, text_of(store));
    for (const fabric_fact& fact : store.fabric)
      made += fmt::format("  {:<10}{}\n", "", printable(fact.text));
  }
  made += fmt::format("  put uses {} unless told otherwise\n\nThis host\n", chosen);
  for (const host_fact& fact : facts) made += fmt::format("  {:<15}{}\n", fact.label, fact.text);
  if (problems.empty()) return made + "\nNothing is wrong that farhold can see.\n";
  made += "\nWhat is wrong, and how to mend it\n";
  for (const problem& one : problems) made += fmt::format("  * {}\n    -> {}\n", one.what, one.cure);
  return made;
}

}  // namespace

int info(const options::info_options& how) {
  std::vector<tried_store> stores = start_all(how.store);  // first of all: it forks
  bool all_work = true;
  std::vector<problem> problems;
  for (tried_store& store : stores) {
    if (store.running != nullptr) store.result = store.running->run();
    look_around(store);
    all_work = all_work && store.result.outcome == errc::ok;
    look_for_problems(store, problems);
  }
  const std::vector<host_fact> facts = host_facts();
  for (const host_fact& fact : facts) {
    if (!fact.problem.empty()) problems.push_back({fact.problem, fact.cure});
  }
  const std::string chosen = how.store.empty() ? default_store() : how.store;
  const std::string text =
      how.json
          ? as_json(stores, facts, problems, chosen).dump(2, ' ', false, json::error_handler_t::replace) +
                "\n"
          : as_text(stores, facts, problems, chosen);
  std::fputs(text.c_str(), stdout);
  return all_work ? 0 : exit_local;
}

}  // namespace farhold::tools
