// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Tickets that nobody gave out: each field of a good one changed, in tokens that are sound otherwise. They
// bring no wrong bytes, evict nothing and disturb nobody.
#include <functional>

#include "on_path.hpp"
#include "rma/arena.hpp"
#include "rma/ticket.hpp"

namespace farhold::faults {

using rma::ticket;

class tickets : public on_path {
 protected:
  static constexpr int producer = 1;
  static constexpr std::uint64_t owner = producer;
  static constexpr std::uint64_t length = 10'000;

  /// As it would arrive from elsewhere: through a token, whose checksum fits.
  static key forged(const ticket& t) { return proxy<bytes>::from_bytes(registry_token(t.to_key())).key(); }

 private:
  static bytes registry_token(const key& object) {
    const auto store = farhold::registry::global().find("faults");
    const store_factory from(store->address(), object);
    bytes token(from.encoded_bytes(token_form::compact));
    from.encode(token_form::compact, token);
    return token;
  }
};

struct forgery {
  const char* what;
  std::function<void(ticket&)> change;
};

const std::vector<forgery>& forgeries() {
  static const std::vector<forgery> all = {
      {"offset one granule up", [](ticket& t) { t.offset += 64; }},
      {"offset one granule down", [](ticket& t) { t.offset -= 64; }},
      {"offset not aligned", [](ticket& t) { t.offset += 8; }},
      {"offset of another block", [](ticket& t) { t.offset += 64 * 200; }},
      {"offset far into free memory", [](ticket& t) { t.offset += std::uint64_t{16} << 20U; }},
      {"offset of the arena's header", [](ticket& t) { t.offset = 0; }},
      {"offset behind the arena", [](ticket& t) { t.offset += std::uint64_t{1} << 30U; }},
      {"offset that overflows", [](ticket& t) { t.offset = ~std::uint64_t{63}; }},
      {"length one more", [](ticket& t) { ++t.length; }},
      {"length eight less", [](ticket& t) { t.length -= 8; }},
      {"length 0", [](ticket& t) { t.length = 0; }},
      {"length up to the arena's end", [](ticket& t) { t.length = (std::uint64_t{32} << 20U) - t.offset; }},
      {"length of exabytes", [](ticket& t) { t.length = std::uint64_t{1} << 62U; }},
      {"length that overflows", [](ticket& t) { t.length = ~std::uint64_t{0}; }},
      {"generation before", [](ticket& t) { --t.generation; }},
      {"generation after", [](ticket& t) { ++t.generation; }},
      {"generation 0", [](ticket& t) { t.generation = 0; }},
      {"generation far away", [](ticket& t) { t.generation ^= std::uint64_t{1} << 63U; }},
      {"arena", [](ticket& t) { t.arena = 1; }},
      {"incarnation", [](ticket& t) { t.incarnation ^= 1; }},
  };
  return all;
}

TEST_P(tickets, forged_ones_are_errors_and_disturb_nobody) {
  const key good = put_pattern_by(producer, length, 1);
  const key neighbour = put_pattern_by(producer, length, 2);
  for (const forgery& f : forgeries()) {
    SCOPED_TRACE(f.what);
    ticket t;
    ASSERT_TRUE(ticket::from_key(good, t).ok());
    f.change(t);
    key object;
    const outcome decoded = outcome_of([&] {
      object = forged(t);
      return 0;
    });
    EXPECT_THAT(decoded, fails_with(errc::ok)) << "the token itself is sound";
    const auto refused =
        testing::AnyOf(fails_with(errc::stale), fails_with(errc::corrupt), fails_with(errc::producer_lost));
    const outcome got = outcome_of([&] { return shared().get<bytes>(object); });
    EXPECT_THAT(got, refused);
    EXPECT_LT(got.took, at_once);
    EXPECT_FALSE(outcome_of([&] { return shared().exists(object); }).kind == errc::ok &&
                 shared().exists(object));
  }
  EXPECT_THAT(read(good, {owner, 1}), fails_with(errc::ok));
  EXPECT_THAT(read(neighbour, {owner, 2}), fails_with(errc::ok));
  barrier();
  EXPECT_EQ(shared().metrics().quarantined_bytes, 0U);
}

TEST_P(tickets, forged_ones_evict_nothing) {
  const key good = put_pattern_by(producer, length, 1);
  const key neighbour = put_pattern_by(producer, length, 2);
  ticket other;
  ASSERT_TRUE(ticket::from_key(neighbour, other).ok());
  const auto attempt = [&](const char* what, const std::function<void(ticket&)>& change) {
    SCOPED_TRACE(what);
    ticket t;
    ASSERT_TRUE(ticket::from_key(good, t).ok());
    change(t);
    const outcome told = outcome_of([&] {
      shared().evict(forged(t));
      return 0;
    });
    EXPECT_NE(told.kind, errc::ok);
    EXPECT_LT(told.took, at_once);
  };
  for (const forgery& f : forgeries()) attempt(f.what, f.change);
  attempt("slot of another block", [&](ticket& t) { t.slot = other.slot; });
  attempt("slot that was never used", [](ticket& t) { t.slot += 1000; });
  attempt("slot behind the table", [](ticket& t) { t.slot = ~std::uint32_t{0}; });
  attempt("slot and generation of another block", [&](ticket& t) {
    t.slot = other.slot;
    t.generation = other.generation;
  });
  barrier();
  EXPECT_THAT(read(good, {owner, 1}), fails_with(errc::ok));
  EXPECT_THAT(read(neighbour, {owner, 2}), fails_with(errc::ok));
  EXPECT_EQ(shared().metrics().evicted, 0U);
  barrier();
}

TEST_P(tickets, a_wrong_slot_is_an_error_where_the_producer_looks_at_it) {
  const key good = put_pattern_by(producer, length, 1);
  for (const std::uint32_t slot : {1U, 1000U, ~0U}) {
    ticket t;
    ASSERT_TRUE(ticket::from_key(good, t).ok());
    t.slot ^= slot;
    const outcome told = read(forged(t), {owner, 1});
    if (GetParam() == path::service || (rank() == producer && GetParam() == path::mapped)) {
      EXPECT_THAT(told, testing::AnyOf(fails_with(errc::stale), fails_with(errc::corrupt)));
    } else {
      EXPECT_THAT(told, fails_with(errc::ok))
          << "one-sided reads need no slot, and the bytes are the right ones";
    }
  }
  barrier();
}

TEST_P(tickets, of_another_type_are_errors) {
  const key good = put_pattern_by(producer, length, 1);
  ticket t;
  ASSERT_TRUE(ticket::from_key(good, t).ok());
  t.type = farhold::detail::type_of<std::vector<double>>();  // what the forger's program asks for
  const key object = t.to_key();
  EXPECT_THAT(outcome_of([&] { return shared().get<std::vector<double>>(object); }),
              fails_with(errc::corrupt));
  EXPECT_THAT(read(good, {owner, 1}), fails_with(errc::ok));
  barrier();
}

TEST_P(tickets, random_changes_bring_the_right_bytes_or_an_error) {
  const key good = put_pattern_by(producer, length, 1);
  static_cast<void>(put_pattern_by(producer, length, 2));
  const conformance::pattern random({7, static_cast<std::uint64_t>(rank())});
  int errors = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    ticket t;
    ASSERT_TRUE(ticket::from_key(good, t).ok());
    const std::uint64_t bit = random[2 * i + 1] % 64;
    switch (random[2 * i] % 5) {
      case 0: t.offset ^= std::uint64_t{1} << bit; break;
      case 1: t.length ^= std::uint64_t{1} << bit; break;
      case 2: t.generation ^= std::uint64_t{1} << bit; break;
      case 3: t.slot ^= std::uint32_t{1} << bit % 32; break;
      default: t.incarnation ^= std::uint64_t{1} << bit; break;
    }
    bytes seen;
    const outcome told = outcome_of([&] {
      seen = shared().get<bytes>(t.to_key());
      return 0;
    });
    if (told.kind == errc::ok) {
      EXPECT_EQ(seen.size(), length);
      EXPECT_EQ(conformance::first_wrong(seen, {owner, 1}), std::nullopt);
    } else {
      ++errors;
    }
  }
  EXPECT_GT(errors, 100);
  barrier();
  EXPECT_THAT(read(good, {owner, 1}), fails_with(errc::ok));
  barrier();
}

INSTANTIATE_TEST_SUITE_P(path, tickets, testing::ValuesIn(conformance::mpi_paths), name_of);

}  // namespace farhold::faults
