// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "producer_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <farhold/farhold.hpp>

#include "targets.hpp"

namespace farhold::bench {

struct producer_process::both_pipes {
  both_pipes() {
    if (::pipe2(requests, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "make pipes");
  }
  int requests[2], answers[2];
  pid_t maker = ::getpid();
};

namespace {

std::vector<std::byte> put_words(store& into, stored form, std::uint64_t bytes, std::uint64_t first) {
  std::vector<word> content(bytes / sizeof(word));
  fill(content.data(), content.size(), first);
  if (form == stored::vector) return into.proxy(content).to_bytes();
  std::vector<std::byte> token;
  with_object_target(bytes, [&]<class Target>(Target) {
    const auto object = std::make_unique<typename Target::type>();
    std::copy(content.begin(), content.end(), object->begin());
    token = into.proxy(*object).to_bytes();
  });
  return token;
}

}  // namespace

void producer_process::answer::append(byte_view what) {
  const std::uint64_t used = sizes[0];
  if (what.size() > bytes.size() - used) throw std::length_error("an answer is too long for its pipe");
  std::copy(what.begin(), what.end(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
  (used == 0 ? sizes[0] : sizes[1]) = what.size();
}

std::vector<std::byte> producer_process::answer::part(int which) const {
  const byte_view all(bytes);
  const byte_view wanted = which == 0 ? all.first(sizes[0]) : all.subspan(sizes[0], sizes[1]);
  return {wanted.begin(), wanted.end()};
}

void producer_process::obey(const network_way& by, const pipe_end& from, const pipe_end& to) {
  std::optional<store> open;
  std::vector<word> memory;
  std::unique_ptr<raw_exposed> exposed;
  for (;;) {
    request what;
    from.read(&what, sizeof what);
    answer said;
    switch (what.what) {
      case order::open: {
        open.emplace("network", by.make_connector(what.bytes, same_host::automatic),
                     store_options{.inline_bytes = 0});
        memory.resize(what.more / sizeof(word));
        fill(memory.data(), memory.size(), 0);
        exposed = by.expose(memory);
        const exposure about = exposed->about();
        said.append(about.address);
        said.append(about.key);
        said.numbers[0] = about.base_address;
        said.numbers[1] = about.port;
        break;
      }
      case order::put: said.append(put_words(*open, what.form, what.bytes, what.more)); break;
      case order::counters: {
        const metrics m = open->metrics();
        said.numbers[0] = m.service_requests;
        said.numbers[1] = m.service_bytes;
        break;
      }
    }
    to.write(&said, sizeof said);
  }
}

producer_process::producer_process(const network_way& by) : producer_process(by, both_pipes()) {}

producer_process::producer_process(const network_way& by, const both_pipes& pipes)
    : pid_(::fork()), requests_(pipes.requests[1]), answers_(pipes.answers[0]) {
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) {
    ::close(pipes.requests[0]);
    ::close(pipes.answers[1]);
    return;
  }
  ::close(pipes.requests[1]);
  ::close(pipes.answers[0]);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != pipes.maker) ::_exit(1);
  by.settle();
  try {
    obey(by, pipe_end(pipes.requests[0]), pipe_end(pipes.answers[1]));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "the producer: %s\n", problem.what());
  }
  ::_exit(1);
}

producer_process::~producer_process() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

producer_process::answer producer_process::ask(const request& what) const {
  requests_.write(&what, sizeof what);
  answer said;
  answers_.read(&said, sizeof said);
  return said;
}

exposure producer_process::open(std::uint64_t arena_bytes, std::uint64_t raw_bytes) const {
  const answer said = ask({.what = order::open, .bytes = arena_bytes, .more = raw_bytes});
  return {.address = said.part(0),
          .key = said.part(1),
          .base_address = said.numbers[0],
          .port = static_cast<std::uint16_t>(said.numbers[1])};
}

std::vector<std::byte> producer_process::put(stored form, std::uint64_t bytes, std::uint64_t first) const {
  return ask({.what = order::put, .form = form, .bytes = bytes, .more = first}).part(0);
}

producer_process::served producer_process::counters() const {
  const answer said = ask({.what = order::counters});
  return {.requests = said.numbers[0], .bytes = said.numbers[1]};
}

}  // namespace farhold::bench
