// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstring>
#include <vector>

#include <farhold/farhold.hpp>

#include "micro.hpp"
#include "rma/solo_stores.hpp"

namespace farhold::bench {

namespace {

using token = std::vector<std::byte>;

/// A token in memory that the caller has. The baseline copies as many bytes.
void into_a_buffer(report& to, const store_factory& from, const char* name, token_form form, goal wanted) {
  token ready(from.encoded_bytes(form)), buffer(ready.size());
  from.encode(form, ready);
  const auto spoil = [&](std::uint64_t) { std::fill(buffer.begin(), buffer.end(), std::byte{0}); };
  const auto verify = [&] { return buffer == ready; };
  to.compare({.name = name,
              .bodies = {{.name = "memcpy of as many bytes",
                          .prepare = spoil,
                          .run =
                              [&](std::uint64_t n) {
                                for (std::uint64_t i = 0; i < n; ++i) {
                                  forget();
                                  std::memcpy(buffer.data(), ready.data(), ready.size());
                                }
                              },
                          .verify = verify},
                         {.name = "encode",
                          .prepare = spoil,
                          .run =
                              [&](std::uint64_t n) {
                                for (std::uint64_t i = 0; i < n; ++i) {
                                  forget();
                                  from.encode(form, buffer);
                                }
                              },
                          .verify = verify}},
              .max_iterations = std::uint64_t{1} << 20U,
              .wanted = wanted});
}

/// A token of its own for each, as many as are in use at a time.
template <class Make>
body making(const char* name, const token& ready, Make make) {
  auto made = std::make_shared<std::vector<token>>(objects_at_a_time);
  return {.name = name,
          .prepare = [made](std::uint64_t) { std::fill(made->begin(), made->end(), token()); },
          .run =
              [made, make](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) {
                  forget();
                  (*made)[i] = make();
                }
              },
          .verify = [made, &ready] { return made->front() == ready; }};
}

}  // namespace

void tokens(report& to) {
  rma::solo_stores solo({.arena_bytes = 1U << 20U, .progress_thread = false, .uri = "solo://", .time = {}});
  const proxy<small> p = solo.producer().proxy(sample_object);
  const store_factory from(registry::global().find("solo producer")->address(), p.key());
  into_a_buffer(to, from, "tokens/compact, into a buffer", token_form::compact,
                {goal::kind::nanoseconds, 30});
  into_a_buffer(to, from, "tokens/portable, into a buffer", token_form::portable, {});

  const token ready = p.to_bytes(token_form::compact);
  to.remark("a compact token of this store has " + std::to_string(ready.size()) + " bytes");
  to.compare({.name = "tokens/to_bytes, compact",
              .bodies = {making("vector of as many bytes", ready,
                                [&ready] { return token(ready.begin(), ready.end()); }),
                         making("to_bytes", ready, [&p] { return p.to_bytes(token_form::compact); })},
              .max_iterations = objects_at_a_time,
              .wanted = {goal::kind::nanoseconds, 30}});
  std::vector<proxy<small>> read(objects_at_a_time);
  const auto forget_all = [&](std::uint64_t) { std::fill(read.begin(), read.end(), proxy<small>()); };
  std::vector<token> copies(objects_at_a_time);
  to.compare({.name = "tokens/from_bytes, compact",
              .bodies = {making("vector of as many bytes", ready,
                                [&ready] { return token(ready.begin(), ready.end()); }),
                         {.name = "from_bytes",
                          .prepare = forget_all,
                          .run =
                              [&](std::uint64_t n) {
                                for (std::uint64_t i = 0; i < n; ++i)
                                  read[i] = proxy<small>::from_bytes(ready);
                              },
                          .verify = [&] { return read.front().key() == p.key(); }}},
              .max_iterations = objects_at_a_time});
}

}  // namespace farhold::bench
