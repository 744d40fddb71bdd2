// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "manager.hpp"

#include <cerrno>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <poll.h>

#include <farhold/proxy.hpp>

namespace task_farm {

namespace {

constexpr int most_attempts = 3;

std::string name_of(const plan& tasks, std::size_t id) {
  const task& one = tasks[id];
  if (one.counts()) return "count " + one.part.path + " from " + std::to_string(one.part.from);
  return "merge " + std::to_string(one.inputs[0]) + " and " + std::to_string(one.inputs[1]);
}

std::string line_of(const plan& tasks, std::size_t id) {
  const task& one = tasks[id];
  std::string line = std::to_string(id);
  if (one.counts())
    return line + " count " + std::to_string(one.part.from) + " " + std::to_string(one.part.to) + " " +
           one.part.path;
  line += " merge";
  for (const std::size_t input : one.inputs) line += " " + *tasks[input].result;
  return line;
}

}  // namespace

manager::manager(plan tasks, farm_options how) : tasks_(std::move(tasks)), how_(std::move(how)) {
  workers_.resize(how_.workers);
  for (std::size_t i = 0; i < workers_.size(); ++i) start(i, i + 1 == how_.victim ? how_.die_at : "");
}

std::string manager::run() {
  while (!tasks_.back().result) {
    assign();
    listen();
  }
  return *tasks_.back().result;
}

void manager::start(std::size_t which, const std::string& die_at) {
  std::vector<std::string> arguments{"--worker", "--store", how_.store_uri};
  if (!die_at.empty()) arguments.insert(arguments.end(), {"--die-at", die_at});
  workers_[which].process = std::make_unique<child_process>(arguments);
  workers_[which].task = idle;
  workers_[which].to_drop.clear();
}

void manager::assign() {
  auto ready = runnable(tasks_);
  auto next = ready.begin();
  for (worker& one : workers_) {
    if (one.task != idle) continue;
    // A worker that works does not read: only what is idle is written to, so that no pipe is ever full.
    for (const std::string& token : std::exchange(one.to_drop, {})) send(one, "drop " + token);
    if (next == ready.end()) continue;
    one.task = *next++;
    tasks_[one.task].running = true;
    send(one, line_of(tasks_, one.task));
  }
}

void manager::send(worker& to, const std::string& line) {
  report_.token_bytes += line.size() + 1;
  to.process->write_line(line + "\n");
}

void manager::listen() {
  std::vector<pollfd> all;
  for (const worker& one : workers_) all.push_back({one.process->descriptor(), POLLIN, 0});
  if (::poll(all.data(), all.size(), -1) < 0) {
    if (errno == EINTR) return;
    throw std::system_error(errno, std::generic_category(), "poll");
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (all[i].revents == 0) continue;
    const bool alive = workers_[i].process->read();
    while (const auto line = workers_[i].process->next_line()) heard(workers_[i], i, *line);
    if (!alive) lost(i);
  }
}

void manager::heard(worker& from, std::size_t which, const std::string& line) {
  report_.token_bytes += line.size() + 1;
  std::istringstream words(line);
  std::size_t id = idle;
  std::string outcome, rest;
  words >> id >> outcome;
  words.get();
  std::getline(words, rest);
  if (id == idle || id != from.task) throw std::runtime_error("a worker answered what nobody asked: " + line);
  from.task = idle;
  tasks_[id].running = false;
  if (outcome == "done") {
    done(id, which, rest);
  } else {
    repeat(id, "failed: " + rest);
  }
}

void manager::done(std::size_t id, std::size_t which, const std::string& token) {
  ++report_.tasks;
  report_.payload_bytes += farhold::proxy<word_counts>::from_string(token).size_bytes();
  tasks_[id].result = token;
  tasks_[id].worker = which;
  for (const std::size_t input : tasks_[id].inputs) {
    if (const auto used = std::exchange(tasks_[input].result, {}))
      workers_[tasks_[input].worker].to_drop.push_back(*used);
  }
}

void manager::lost(std::size_t which) {
  ++report_.lost_workers;
  const pid_t pid = workers_[which].process->pid();
  const std::size_t id = workers_[which].task;
  std::cerr << "task_farm: worker " << which + 1 << " (pid " << pid << ") " << workers_[which].process->end()
            << (id == idle ? std::string(" while it was idle") : ", its task was: " + name_of(tasks_, id))
            << '\n';
  // Results were in its memory.
  for (std::size_t made = 0; made < tasks_.size(); ++made) {
    if (tasks_[made].worker == which && std::exchange(tasks_[made].result, {}))
      std::cerr << "task_farm: made again, because it had the result: " << name_of(tasks_, made) << '\n';
  }
  start(which, "");
  if (id == idle) return;
  tasks_[id].running = false;
  repeat(id, "lost its worker");
}

void manager::repeat(std::size_t id, const std::string& why) {
  std::cerr << "task_farm: made again: " << name_of(tasks_, id) << ", which " << why << '\n';
  // Who took from a dead worker is not to blame.
  for (const std::size_t input : tasks_[id].inputs) {
    if (!tasks_[input].result) return;
  }
  if (++tasks_[id].attempts == most_attempts) throw std::runtime_error(name_of(tasks_, id) + " " + why);
}

}  // namespace task_farm
