// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Full arenas, unknown stores and URIs, and forked children: errors that say what to do.
#include <sys/wait.h>
#include <unistd.h>

#include "on_path.hpp"

namespace farhold::faults {

class misuse : public on_path {};

TEST_P(misuse, a_full_arena_says_what_to_do_and_serves_on) {
  const int producer = size() - 1;
  const auto owner = static_cast<std::uint64_t>(producer);
  const key object = put_pattern_by(producer, std::size_t{20} << 20U, 1);
  if (rank() == producer) {
    const outcome told = outcome_of([&] { return shared().put(bytes(std::size_t{20} << 20U)); });
    EXPECT_THAT(told, fails_with(errc::out_of_memory));
    EXPECT_THAT(told.message, testing::HasSubstr("arena_bytes"));
    EXPECT_THAT(told.message, testing::HasSubstr("evict"));
  }
  barrier();
  EXPECT_THAT(read(object, {owner, 1}), fails_with(errc::ok));
  barrier();
}

TEST_P(misuse, a_store_that_is_not_open_here_is_named) {
  proxy<bytes> p;
  {
    store other("elsewhere", mpi::connector(MPI_COMM_WORLD, options()),
                {.inline_bytes = 0, .adopt_bytes = ~std::size_t{0}});
    p = other.proxy(bytes(100));
    other.close();
  }
  const outcome told = outcome_of([&] { return p->size(); });
  EXPECT_THAT(told, fails_with(errc::store_unknown));
  EXPECT_THAT(told.message, testing::HasSubstr("'elsewhere'"));
  EXPECT_THAT(told.message, testing::HasSubstr("'faults'")) << "which ones are open";
  EXPECT_THAT(told.message, testing::HasSubstr("mpi://")) << "where it was";
}

TEST_P(misuse, uris_that_nobody_opens_are_refused) {
  const outcome scheme = outcome_of([] { return farhold::store::open("a", "carrier-pigeon://roof"); });
  EXPECT_THAT(scheme, fails_with(errc::invalid_argument));
  EXPECT_THAT(scheme.message, testing::HasSubstr("local://"));
  const outcome option = outcome_of([] { return farhold::store::open("a", "local://?arena=1GiB"); });
  EXPECT_THAT(option, fails_with(errc::invalid_argument));
  EXPECT_THAT(option.message, testing::HasSubstr("'arena'"));
  const outcome mpi_uri = outcome_of([] { return farhold::store::open("a", "mpi://"); });
  EXPECT_THAT(mpi_uri, fails_with(errc::invalid_argument)) << "a communicator does not fit into a URI";
}

TEST_P(misuse, a_forked_child_has_no_store_and_hurts_none) {
  const int producer = size() - 1;
  const auto owner = static_cast<std::uint64_t>(producer);
  const key object = put_pattern_by(producer, 5000, 3);
  const auto unresolved = shared().proxy_from_key<bytes>(object);
  const auto resolved = shared().proxy_from_key<bytes>(object);
  EXPECT_EQ(conformance::first_wrong(*resolved, {owner, 3}), std::nullopt);
  const pid_t child = ::fork();
  if (child == 0) {
    // Nothing of MPI and nothing of GoogleTest: exit codes say which line failed.
    if (outcome_of([&] { return shared().put(bytes(10)); }).kind != errc::closed) ::_exit(1);
    if (outcome_of([&] { return shared().get<bytes>(object); }).kind != errc::closed) ::_exit(2);
    if (outcome_of([&] { return unresolved->size(); }).kind != errc::closed) ::_exit(3);
    if (outcome_of([&] {
          shared().evict(object);
          return 0;
        }).kind != errc::closed)
      ::_exit(4);
    if (outcome_of([&] {
          shared().close();
          return 0;
        }).kind != errc::closed)
      ::_exit(5);
    if (conformance::first_wrong(*resolved, {owner, 3})) ::_exit(6);  // is here already
    forget();
    ::_exit(0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(conformance::first_wrong(*unresolved, {owner, 3}), std::nullopt) << "the parent's goes on";
  barrier();
}

INSTANTIATE_TEST_SUITE_P(path, misuse, testing::ValuesIn(conformance::mpi_paths), name_of);

}  // namespace farhold::faults
