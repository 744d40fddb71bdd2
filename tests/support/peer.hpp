// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace farhold::test {

/// A running peer_main (see there), in namespaces or as another user if `front` says so. Ends with this
/// object, whatever it was doing.
class peer {
 public:
  explicit peer(std::vector<std::string> front = {}, const std::string& program = FARHOLD_TEST_PEER) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, to[0], 0);
    ::posix_spawn_file_actions_adddup2(&files, from[1], 1);
    front.push_back(program);
    std::vector<char*> arguments;
    for (std::string& word : front) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failed = ::posix_spawnp(&pid_, front[0].c_str(), &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::close(to[0]);
    ::close(from[1]);
    to_ = ::fdopen(to[1], "w");
    from_ = ::fdopen(from[0], "r");
    if (failed != 0) throw std::runtime_error(front[0]);
  }
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;
  ~peer() {
    std::fclose(to_);
    if (!reaped_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    std::fclose(from_);
  }

  void say(const std::string& command) {
    std::fputs((command + "\n").c_str(), to_);
    std::fflush(to_);
  }
  /// The next line it prints; empty when it has ended.
  std::string line() {
    std::string text;
    for (int c = std::fgetc(from_); c != EOF && c != '\n'; c = std::fgetc(from_))
      text.push_back(static_cast<char>(c));
    return text;
  }
  std::string ask(const std::string& command) {
    say(command);
    return line();
  }
  /// The first word of the answer: "ok", or the name of an error.
  std::string verdict(const std::string& command) {
    last_answer = ask(command);
    return last_answer.substr(0, last_answer.find(' '));
  }

  /// The same after a death, which is noticed within 10 ms: what it says is asked for until then.
  std::string verdict_on_the_dead(const std::string& command) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    std::string told;
    do {
      told = verdict(command);
    } while ((told == "ok" || told == "yes") && std::chrono::steady_clock::now() < end);
    return told;
  }

  /// Returns when every thread of it is stopped.
  void stop() {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
    while (!all_threads_stopped(pid_)) std::this_thread::yield();
  }
  void go_on() { ::kill(pid_, SIGCONT); }
  /// The same with the process that a command in front of it, such as unshare --fork, has started.
  void stop_child() {
    const pid_t child = only_child();
    ::kill(child, SIGSTOP);
    while (!all_threads_stopped(child)) std::this_thread::yield();
  }
  void let_child_go_on() { ::kill(only_child(), SIGCONT); }
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    reaped_ = true;
  }

  /// The process that a command in front of it has started.
  [[nodiscard]] pid_t only_child() const {
    const std::string id = std::to_string(pid_);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    pid_t child = 0;
    if (!(children >> child)) throw std::runtime_error("the peer has no child");
    return child;
  }

  std::string last_answer;

 private:
  [[nodiscard]] static bool all_threads_stopped(pid_t process) {
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      std::ifstream file(thread.path() / "stat");
      const std::string stat((std::istreambuf_iterator<char>(file)), {});
      const auto name_end = stat.rfind(") ");
      if (name_end == std::string::npos || stat[name_end + 2] != 'T') return false;
    }
    return true;
  }

  pid_t pid_ = -1;
  bool reaped_ = false;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace farhold::test
