// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "support/peer_commands.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <farhold/farhold.hpp>

#include "conformance/pattern.hpp"

namespace farhold::test {

namespace {

using bytes = std::vector<std::byte>;

std::optional<store> shared;
store (*open_store)(const std::string& uri) = nullptr;

std::string resolve(std::istream& in) {
  std::string token;
  std::size_t size_bytes = 0;
  std::uint64_t object = 0;
  int timeout_ms = 10'000;
  in >> token >> size_bytes >> object;
  if (!(in >> timeout_ms)) timeout_ms = 10'000;
  const auto p = proxy<bytes>::from_string(token);
  const bytes& seen = p.resolve({.timeout = std::chrono::milliseconds(timeout_ms)});
  return seen.size() == size_bytes && !conformance::first_wrong(seen, {0, object}) ? "ok" : "wrong";
}

using view = std::span<const std::byte>;
std::optional<proxy<view>> viewed;
std::uint64_t viewed_object = 0;

std::string look() {
  return conformance::first_wrong(viewed->resolve(), {0, viewed_object}) ? "wrong" : "ok";
}

/// Uses the arena's memory again and again.
std::string churn(std::istream& in) {
  std::size_t size_bytes = 0;
  std::uint64_t times = 0;
  in >> size_bytes >> times;
  for (std::uint64_t i = 0; i < times; ++i)
    shared->evict(shared->put(conformance::payload(size_bytes, {1, i})));
  return "done";
}

/// Voluntary context switches of the threads that are named "farhold": each is one sleep that ended.
std::string switches() {
  std::uint64_t all = 0;
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream name(task.path() / "comm");
    std::string text;
    if (!std::getline(name, text) || text != "farhold") continue;
    ++threads;
    std::ifstream status(task.path() / "status");
    while (std::getline(status, text)) {
      constexpr std::string_view key = "voluntary_ctxt_switches:";
      if (text.starts_with(key)) all += std::stoull(text.substr(key.size()));
    }
  }
  return std::to_string(threads) + " " + std::to_string(all);
}

std::string obey(const std::string& command, std::istream& in);

/// In the child: the same commands, one after the other, answers joined.
std::string fork_and_ask(std::istream& in) {
  int line[2];
  if (::pipe(line) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string rest, answer;
    std::getline(in, rest);
    std::istringstream command(rest);
    std::string word;
    command >> word;
    try {
      answer = obey(word, command);
    } catch (const error& problem) {
      answer = farhold::to_string(problem.kind());
    }
    if (::write(line[1], answer.data(), answer.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(line[1]);
  std::string answer(1000, ' ');
  const ssize_t got = ::read(line[0], answer.data(), answer.size());
  answer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(line[0]);
  ::waitpid(child, nullptr, 0);
  return answer;
}

std::string fork_and_stay(bool exec) {
  const pid_t child = ::fork();
  if (child != 0) return std::to_string(child);
  ::close(0);
  ::close(1);
  if (exec) ::execl("/bin/sleep", "sleep", "1000", nullptr);
  for (;;) ::pause();
}

std::string obey(const std::string& command, std::istream& in) {
  std::string text;
  if (command == "open") {
    in >> text;
    shared.emplace(open_store(text));
    return "done";
  }
  if (command == "close") {
    shared->close();
    shared.reset();
    return "done";
  }
  if (command == "put") {
    std::size_t size_bytes = 0;
    std::uint64_t object = 0;
    in >> size_bytes >> object;
    return shared->proxy(conformance::payload(size_bytes, {0, object})).to_string();
  }
  if (command == "compact") {
    in >> text;
    const auto token = proxy<bytes>::from_string(text).to_bytes(token_form::compact);
    return proxy<bytes>::from_bytes(token).to_string();
  }
  if (command == "evict" && in >> text) {
    shared->evict(proxy<bytes>::from_string(text).key(), {.timeout = std::chrono::seconds(5)});
    return "done";
  }
  if (command == "resolve") return resolve(in);
  if (command == "view" && in >> text >> viewed_object) {
    viewed = proxy<view>::from_string(text);
    return look();
  }
  if (command == "look") return look();
  if (command == "drop") {
    viewed.reset();
    return "done";
  }
  if (command == "churn") return churn(in);
  if (command == "exists" && in >> text)
    return shared->exists(proxy<bytes>::from_string(text).key()) ? "yes" : "no";
  if (command == "count" && in >> text) {
    const metrics m = shared->metrics();
    if (text == "refused") return std::to_string(m.refused_requests);
    if (text == "served") return std::to_string(m.service_requests);
    for (const path p : {path::view, path::mapped, path::cma, path::window, path::service}) {
      if (to_string(p) == text) return std::to_string(m.on(p).resolves);
    }
  }
  if (command == "fds") {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::to_string(std::distance(begin(all), end(all)));
  }
  if (command == "switches") return switches();
  if (command == "fork") return fork_and_ask(in);
  if (command == "fork_and_stay") return fork_and_stay(false);
  if (command == "exec_and_stay") return fork_and_stay(true);
  if (command == "become_another") {
    ::execl("/bin/sleep", "sleep", "1000", nullptr);
    return "exec";
  }
  if (command == "hide") return ::prctl(PR_SET_DUMPABLE, 0) == 0 ? "done" : "failed";
  return "no such command";
}

}  // namespace

store open_by_uri(const std::string& uri) { return store::open("shared", uri, peer_store); }

int obey_commands(store (*open)(const std::string& uri)) {
  open_store = open;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::string command, answer;
    in >> command;
    try {
      answer = obey(command, in);
    } catch (const error& problem) {
      answer = std::string(to_string(problem.kind())) + " " + problem.what();
    }
    std::cout << answer << std::endl;
  }
  return 0;
}

}  // namespace farhold::test
