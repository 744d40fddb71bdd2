// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "producer.hpp"

#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <mpi.h>
#include <unistd.h>

#include <farhold/farhold.hpp>

#include "raw.hpp"
#include "store_of.hpp"
#include "targets.hpp"

namespace farhold::bench {

namespace {

[[noreturn]] void refuse(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

introduction introduce(introduction mine) {
  MPI_Bcast(&mine, static_cast<int>(sizeof mine), MPI_BYTE, 1, MPI_COMM_WORLD);
  return mine;
}

answer put(store& into, const request& what) {
  std::vector<word> content(what.bytes / sizeof(word));
  fill(content.data(), content.size(), what.first);
  answer made;
  const key k = what.form == stored::vector ? into.put(content) : put_object(into, content);
  k.encode(made.encoded_key.data());
  return made;
}

}  // namespace

void produce(std::uint64_t raw_bytes) {
  introduction mine;
  int requests[2], answers[2];
  if (::pipe2(requests, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0) refuse("make pipes");
  const raw_memory memory(raw_bytes);
  mine.memory = memory.about();
  mine.requests_fd = requests[1];
  mine.answers_fd = answers[0];
  introduce(mine);
  MPI_Barrier(MPI_COMM_WORLD);  // the other rank has its ends: without these an end of it is seen here
  ::close(requests[1]);
  ::close(answers[0]);
  const pipe_end from(requests[0]), to(answers[1]);

  std::optional<store> open;
  MPI_Win window = MPI_WIN_NULL;
  for (;;) {
    request what;
    from.read(&what, sizeof what);
    answer said;
    switch (what.what) {
      case order::open_store: open.emplace(store_of(what)); continue;
      case order::close_store:
        open->close();
        open.reset();
        continue;
      case order::open_window: window = open_window(memory.words(), raw_bytes); continue;
      case order::close_window: close_window(window); continue;
      case order::put: said = put(*open, what); break;
      case order::counters: {
        const metrics m = open->metrics();
        said.service_requests = m.service_requests;
        said.service_bytes = m.service_bytes;
        break;
      }
      case order::end: return;
    }
    to.write(&said, sizeof said);
  }
}

producer::producer() : producer(introduce({})) { MPI_Barrier(MPI_COMM_WORLD); }

producer::producer(const introduction& about)
    : about_(about),
      requests_(open_of_process(about.memory.pid, about.requests_fd, O_WRONLY)),
      answers_(open_of_process(about.memory.pid, about.answers_fd, O_RDONLY)) {}

answer producer::ask(const request& what) const {
  tell(what);
  answer said;
  answers_.read(&said, sizeof said);
  return said;
}

key producer::put(stored form, std::uint64_t bytes, std::uint64_t first) const {
  const answer said = ask({.what = order::put, .form = form, .bytes = bytes, .first = first});
  byte_view encoded(said.encoded_key);
  return key::decode(encoded);
}

}  // namespace farhold::bench
