// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "hexadecimal.hpp"
#include "rma/card.hpp"
#include "rma/ticket.hpp"

namespace farhold::rma {

/// A running peer_process (see peer_process.cpp). Ends with this object, whatever it was doing.
class peer_process {
 public:
  explicit peer_process(std::uint64_t arena_bytes = 1U << 20U, std::uint64_t grace_ns = 100'000'000,
                        std::uint64_t limit_bytes = 0) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    ::fcntl(from[1], F_SETPIPE_SZ, 4096);  // little backlog: see churn
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, to[0], 0);
    ::posix_spawn_file_actions_adddup2(&files, from[1], 1);
    std::string program = FARHOLD_RMA_PEER_PROCESS, bytes = std::to_string(arena_bytes),
                ns = std::to_string(grace_ns), limit = std::to_string(limit_bytes);
    char* const arguments[] = {program.data(), bytes.data(), ns.data(), limit.data(), nullptr};
    const int failed = ::posix_spawn(&pid_, program.c_str(), &files, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::close(to[0]);
    ::close(from[1]);
    to_ = ::fdopen(to[1], "w");
    from_ = ::fdopen(from[0], "r");
    if (failed != 0 || !card::decode(from_hexadecimal(line()), description).ok())
      throw std::runtime_error(program);
  }
  peer_process(const peer_process&) = delete;
  peer_process& operator=(const peer_process&) = delete;
  ~peer_process() {
    kill();
    reap();
    std::fclose(to_);
    std::fclose(from_);
  }

  void say(const std::string& command) {
    std::fputs((command + "\n").c_str(), to_);
    std::fflush(to_);
  }
  /// The next line it prints; empty when it has ended.
  std::string line() {
    char text[1024];
    if (std::fgets(text, sizeof text, from_) == nullptr) return {};
    std::string read = text;
    while (!read.empty() && read.back() == '\n') read.pop_back();
    return read;
  }
  std::string ask(const std::string& command) {
    say(command);
    return line();
  }

  /// `how`: publish, adopt, lend or born.
  ticket publish(std::uint64_t length, std::uint64_t seed, const std::string& how = "publish") {
    return to_ticket(ask(how + " " + std::to_string(length) + " " + std::to_string(seed)));
  }
  /// Lets it look at an object of the process that `whose` describes.
  std::string view(const card& whose, const ticket& object) {
    return ask("view " + to_hexadecimal(whose.encode()) + " " + to_hexadecimal(object.to_key()));
  }
  std::string evict(const ticket& object) { return ask("evict " + to_hexadecimal(object.to_key())); }
  static ticket to_ticket(const std::string& text) {
    ticket object;
    if (!ticket::from_key(key_from_hexadecimal(text), object).ok())
      throw std::runtime_error("no key: " + text);
    return object;
  }

  /// Returns when the process is stopped.
  void stop() {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void go_on() { ::kill(pid_, SIGCONT); }
  /// Returns when the process has ended; its entry stays (a zombie) until `reap`.
  void kill() {
    if (reaped_) return;
    ::kill(pid_, SIGKILL);
    siginfo_t how{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOWAIT);
  }
  void reap() {
    if (!reaped_) ::waitpid(pid_, nullptr, 0);
    reaped_ = true;
  }

  card description;

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace farhold::rma
