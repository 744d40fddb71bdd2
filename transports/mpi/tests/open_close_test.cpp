// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "harness.hpp"
#include "init_checks.hpp"
#include "quirks.hpp"

namespace farhold::mpi::test {
namespace {

TEST(OpenClose, VersionsOfOpenMpiAreTold) {
  EXPECT_TRUE(detail::is_open_mpi_before_5("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"));
  EXPECT_TRUE(detail::is_open_mpi_before_5("Open MPI v3.1.0"));
  EXPECT_FALSE(detail::is_open_mpi_before_5("Open MPI v5.0.3, package: x"));
  EXPECT_FALSE(detail::is_open_mpi_before_5("Open MPI v10.0.0"));
  EXPECT_FALSE(detail::is_open_mpi_before_5("MPICH Version:\t4.0.2"));
  EXPECT_FALSE(detail::is_open_mpi_before_5(""));
}

TEST(OpenClose, TheWholeWorldIsSafe) {
  EXPECT_FALSE(detail::windows_may_collide(MPI_COMM_WORLD));
  unsetenv("OMPI_COMM_WORLD_LOCAL_SIZE");  // srun says nothing of the kind
  EXPECT_FALSE(detail::windows_may_collide(MPI_COMM_WORLD));
}

TEST(OpenClose, ReadyIsReady) {
  EXPECT_TRUE(detail::mpi_is_alive());
  EXPECT_NO_THROW(detail::check_mpi_ready());
}

TEST(OpenClose, CardsReachEveryRank) {
  const int rank = world_rank();
  std::vector<std::byte> card(static_cast<std::size_t>(rank) * 80);
  fill(card, static_cast<std::uint64_t>(rank));
  recorder listener;
  mpi_transport t(MPI_COMM_WORLD);
  EXPECT_EQ(t.peer_count(), 0U);
  FARHOLD_EXPECT_OK(t.open({}, card, {}, listener, plenty));
  EXPECT_EQ(t.name(), "mpi");
  EXPECT_EQ(t.self(), static_cast<peer_id>(rank));
  ASSERT_EQ(t.peer_count(), static_cast<peer_id>(world_size()));
  EXPECT_EQ(t.failing_rank(), -1);
  for (peer_id peer = 0; peer < t.peer_count(); ++peer) {
    ASSERT_EQ(t.card(peer).size(), peer * 80U);
    EXPECT_EQ(first_wrong(t.card(peer), peer), peer * 80U);
  }
  EXPECT_TRUE(t.card(t.peer_count()).empty());
  FARHOLD_EXPECT_OK(t.close(plenty));
}

TEST(OpenClose, AWindowIsThereWhereItIsExpected) {
  node n(4096);
  FARHOLD_EXPECT_OK(n.opened);
  EXPECT_EQ(n.transport.capabilities().one_sided, windows_expected()) << n.transport.why_no_window();
  EXPECT_EQ(n.transport.why_no_window().empty(), windows_expected());
  EXPECT_EQ(n.transport.remarks().empty(), windows_expected());
}

TEST(OpenClose, OneRanksErrorIsEverybodys) {
  const int last = world_size() - 1;
  recorder listener;
  std::vector<std::byte> memory(4096);
  mpi_transport t(MPI_COMM_WORLD);
  const status own = world_rank() == last ? status{errc::out_of_memory, 12, "the arena"} : status{};
  const status outcome = t.open(memory, {}, own, listener, plenty);
  EXPECT_EQ(outcome.code, errc::out_of_memory);
  EXPECT_EQ(outcome.native, 12);
  EXPECT_EQ(t.failing_rank(), last);
  EXPECT_EQ(t.failing_step(), "the arena");
  EXPECT_EQ(t.remarks(), "rank " + std::to_string(last) + " failed at: the arena");
  EXPECT_STREQ(outcome.where, world_rank() == last ? "the arena" : "open: it failed on another rank");
  // It is as if it had never been.
  EXPECT_EQ(t.peer_count(), 0U);
  remote_read nothing;
  FARHOLD_EXPECT_CODE(t.start(nothing), errc::closed);
  EXPECT_FALSE(t.progress());
  FARHOLD_EXPECT_OK(t.close(plenty));
}

TEST(OpenClose, TheLowestFailingRankIsNamed) {
  recorder listener;
  mpi_transport t(MPI_COMM_WORLD);
  const int lowest = world_size() / 2;
  const status own =
      world_rank() >= lowest
          ? status{world_rank() == lowest ? errc::permission : errc::corrupt, world_rank(), "mine"}
          : status{};
  FARHOLD_EXPECT_CODE(t.open({}, {}, own, listener, plenty), errc::permission);
  EXPECT_EQ(t.failing_rank(), lowest);
}

TEST(OpenClose, ALongStepIsCut) {
  recorder listener;
  mpi_transport t(MPI_COMM_WORLD);
  static const std::string step(300, 'x');
  FARHOLD_EXPECT_CODE(t.open({}, {}, {errc::corrupt, 0, step.c_str()}, listener, plenty), errc::corrupt);
  EXPECT_EQ(t.failing_step(), std::string(55, 'x'));
}

TEST(OpenClose, ACardThatIsTooLargeFailsEverywhere) {
  std::vector<std::byte> card(world_rank() == 0 ? 257 : 256);
  recorder listener;
  mpi_transport t(MPI_COMM_WORLD);
  FARHOLD_EXPECT_CODE(t.open({}, card, {}, listener, plenty), errc::invalid_argument);
  EXPECT_EQ(t.failing_rank(), 0);
}

TEST(OpenClose, WrongCommunicatorsAreRefused) {
  recorder listener;
  mpi_transport none(MPI_COMM_NULL);
  FARHOLD_EXPECT_CODE(none.open({}, {}, {}, listener, plenty), errc::invalid_argument);
  if (world_size() < 2) return;
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm between = MPI_COMM_NULL;
  const int color = world_rank() % 2;
  MPI_Comm_split(MPI_COMM_WORLD, color, 0, &half);
  MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - color, 5, &between);
  mpi_transport inter(between);
  FARHOLD_EXPECT_CODE(inter.open({}, {}, {}, listener, plenty), errc::invalid_argument);
  MPI_Comm_free(&between);
  MPI_Comm_free(&half);
}

TEST(OpenClose, WithoutWindowsMessagesRemain) {
  // One rank is enough to do without.
  node n(4096, {.window = world_rank() != 0});
  FARHOLD_EXPECT_OK(n.opened);
  EXPECT_FALSE(n.transport.capabilities().one_sided);
  EXPECT_EQ(n.transport.why_no_window(), "switched off");
  EXPECT_NE(n.transport.remarks().find("no MPI window (switched off)"), std::string::npos)
      << n.transport.remarks();
  std::array<std::byte, 8> landing{};
  remote_read request{0, 0, landing.data(), 8, {}};
  FARHOLD_EXPECT_CODE(n.transport.start(request), errc::unsupported);
  n.transport.memory_changed();
  for (peer_id to = 0; to < n.transport.peer_count(); ++to)
    FARHOLD_EXPECT_OK(n.transport.send(to, landing, {}, 0));
  EXPECT_TRUE(n.progress_until([&] { return n.listener.message_count == n.transport.peer_count(); }));
}

TEST(OpenClose, OnPartsOfTheWorldAndTwiceAtATime) {
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, world_rank() % 2, -world_rank(), &half);
  int rank = 0;
  MPI_Comm_rank(half, &rank);
  {
    node whole(8192);
    node part(8192, {}, half);
    MPI_Comm_free(&half);  // theirs; the transport has its own
    FARHOLD_EXPECT_OK(whole.opened);
    FARHOLD_EXPECT_OK(part.opened);
    EXPECT_EQ(part.transport.self(), static_cast<peer_id>(rank));
    const bool one_sided = part.transport.capabilities().one_sided;
    EXPECT_EQ(one_sided, windows_expected(static_cast<int>(part.transport.peer_count())));
    std::vector<std::byte> landing(8192);
    for (peer_id peer = 0; peer < part.transport.peer_count(); ++peer) {
      if (one_sided) FARHOLD_EXPECT_OK(read(part.transport, peer, 0, landing));
      FARHOLD_EXPECT_OK(part.transport.send(peer, byte_view(landing).first(4), {}, 0));
    }
    EXPECT_TRUE(
        part.progress_until([&] { return part.listener.message_count == part.transport.peer_count(); }));
    EXPECT_FALSE(whole.transport.progress());
    EXPECT_EQ(whole.listener.message_count, 0U);
  }
}

TEST(OpenClose, LeavesTheUsersCommunicatorAlone) {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_ARE_FATAL);
  {
    node n(64, {}, comm);
    FARHOLD_EXPECT_OK(n.opened);
  }
  for (MPI_Comm each : {comm, MPI_COMM_WORLD, MPI_COMM_SELF}) {
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    MPI_Comm_get_errhandler(each, &handler);
    EXPECT_TRUE(handler == MPI_ERRORS_ARE_FATAL);
    if (handler != MPI_ERRORS_ARE_FATAL) MPI_Errhandler_free(&handler);
  }
  MPI_Comm_free(&comm);
}

TEST(OpenClose, AgainAndAgain) {
  for (int i = 0; i < 20; ++i) {
    node n(4096);
    FARHOLD_EXPECT_OK(n.opened);
    const std::array<std::byte, 1> one{};
    for (peer_id to = 0; to < n.transport.peer_count(); ++to)
      FARHOLD_EXPECT_OK(n.transport.send(to, one, {}, 0));
  }
}

TEST(OpenClose, CloseServesWhatIsUnderWay) {
  recorder listener;
  auto t = std::make_unique<mpi_transport>(MPI_COMM_WORLD);
  FARHOLD_EXPECT_OK(t->open({}, {}, {}, listener, plenty));
  const peer_id peers = t->peer_count();
  std::vector<std::byte> payload(100000);
  // Each message is answered, and the answer too: all of it inside of close().
  listener.react = [&](peer_id from, byte_view bytes) {
    std::uint8_t left = 0;
    std::memcpy(&left, bytes.data(), 1);
    if (left-- == 0) return;
    FARHOLD_EXPECT_OK(t->send(from, std::as_bytes(std::span(&left, 1)), payload, 0));
  };
  constexpr std::uint8_t hops = 3;
  constexpr std::size_t chains = 10;
  for (std::size_t i = 0; i < chains; ++i) {
    for (peer_id to = 0; to < peers; ++to) {
      FARHOLD_EXPECT_OK(t->send(to, std::as_bytes(std::span(&hops, 1)), payload, 0));
    }
  }
  FARHOLD_EXPECT_OK(t->close(plenty));
  EXPECT_EQ(listener.message_count, (hops + 1) * chains * peers);
  EXPECT_EQ(listener.sent_count, (hops + 1) * chains * peers);
  EXPECT_EQ(listener.ending_count, 0);
}

TEST(OpenClose, ClosedIsClosed) {
  recorder listener;
  std::vector<std::byte> memory(64);
  mpi_transport t(MPI_COMM_WORLD);
  FARHOLD_EXPECT_OK(t.close(plenty));  // never opened
  FARHOLD_EXPECT_OK(t.open(memory, {}, {}, listener, plenty));
  FARHOLD_EXPECT_CODE(t.open(memory, {}, {}, listener, plenty), errc::invalid_argument);
  FARHOLD_EXPECT_OK(t.close(plenty));
  FARHOLD_EXPECT_OK(t.close(plenty));
  remote_read request{0, 0, memory.data(), 8, {}};
  bool done = true;
  FARHOLD_EXPECT_CODE(t.start(request), errc::closed);
  FARHOLD_EXPECT_CODE(t.test(request, done), errc::closed);
  FARHOLD_EXPECT_CODE(t.send(0, memory, {}, 0), errc::closed);
  EXPECT_FALSE(t.progress());
  t.memory_changed();
  EXPECT_FALSE(t.capabilities().one_sided);
  EXPECT_TRUE(t.card(0).empty());
}

}  // namespace
}  // namespace farhold::mpi::test
