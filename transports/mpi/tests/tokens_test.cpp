// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <mpi.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/fault.hpp>
#include <farhold/mpi.hpp>

namespace farhold::mpi {
namespace {

int rank() {
  int r = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &r);
  return r;
}
int size() {
  int s = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &s);
  return s;
}

std::string text_of(int owner) { return "an inline object of rank " + std::to_string(owner); }

template <class F>
errc kind_of(F&& f) {
  try {
    f();
  } catch (const error& e) {
    EXPECT_FALSE(std::string(e.what()).empty());
    return e.kind();
  }
  return errc::ok;
}

/// A duplicate of the world whose errors return.
class lenient {
 public:
  lenient() {
    MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  }
  lenient(const lenient&) = delete;
  lenient& operator=(const lenient&) = delete;
  ~lenient() { MPI_Comm_free(&comm_); }
  operator MPI_Comm() const { return comm_; }  // NOLINT(google-explicit-constructor)

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

TEST(Tokens, AProxyGoesRound) {
  store s("tokens", connector(MPI_COMM_WORLD));
  const proxy<std::string> mine = s.proxy(text_of(rank()));
  const int next = (rank() + 1) % size();
  const int previous = (rank() + size() - 1) % size();
  MPI_Request meet = MPI_REQUEST_NULL;
  if (rank() % 2 == 0 && size() > 1) {
    send(mine, next, 3, MPI_COMM_WORLD);
    EXPECT_EQ(*recv<std::string>(previous, 3, MPI_COMM_WORLD), text_of(previous));
  } else if (size() > 1) {
    const proxy<std::string> got = recv<std::string>(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD);
    EXPECT_EQ(*got, text_of(previous));
    send(mine, next, 3, MPI_COMM_WORLD);
  }
  MPI_Ibarrier(MPI_COMM_WORLD, &meet);
  MPI_Wait(&meet, MPI_STATUS_IGNORE);
  s.close();
}

TEST(Tokens, AProxyFromEachRoot) {
  store s("tokens", connector(MPI_COMM_WORLD));
  for (int root = 0; root < size(); ++root) {
    const proxy<std::string> mine = s.proxy(text_of(rank()));
    const proxy<std::string> got = bcast(mine, root, MPI_COMM_WORLD);
    EXPECT_EQ(*got, text_of(root));
  }
  s.close();
}

TEST(Tokens, ARootWithoutAProxyHangsNobody) {
  const lenient comm;
  for (int root = 0; root < size(); ++root) {
    const errc kind = kind_of([&] { (void)bcast(proxy<std::string>(), root, comm); });
    EXPECT_NE(kind, errc::ok);
    if (rank() != root) {
      EXPECT_EQ(kind, errc::invalid_argument);
    }
  }
}

TEST(Tokens, ATokenThatIsTooLargeIsRefusedWhereItIsSent) {
  const lenient comm;
  std::vector<std::byte> large(65 * 1024);
  EXPECT_EQ(kind_of([&] { detail::send_token(large, 0, 1, comm); }), errc::invalid_argument);
  EXPECT_EQ(kind_of([&] { detail::bcast_token(large, 0, comm); }), errc::invalid_argument);
  large.resize(64 * 1024);
  detail::bcast_token(large, 0, comm);
  EXPECT_EQ(large.size(), 64U * 1024U);
}

TEST(Tokens, WhatIsNoProxyIsConsumedAndTold) {
  const lenient comm;
  std::vector<std::byte> foreign(300000);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{8}, std::size_t{300}, foreign.size()}) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(foreign.data(), static_cast<int>(bytes), MPI_BYTE, rank(), 5, comm, &request);
    const errc kind = kind_of([&] { (void)recv<std::string>(rank(), 5, comm); });
    EXPECT_TRUE(kind == errc::corrupt || kind == errc::truncated) << bytes << ": " << to_string(kind);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
  int waiting = 1;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &waiting, MPI_STATUS_IGNORE);
  EXPECT_EQ(waiting, 0);
}

TEST(Tokens, TheWrongTypeIsTold) {
  store s("tokens", connector(MPI_COMM_WORLD));
  const lenient comm;
  if (rank() == 0) {
    const std::vector<std::byte> token = s.proxy(text_of(0)).to_bytes(token_form::compact);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(token.data(), static_cast<int>(token.size()), MPI_BYTE, 0, 5, comm, &request);
    EXPECT_EQ(kind_of([&] { (void)*recv<std::vector<double>>(0, 5, comm); }), errc::wrong_type);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
  s.close();
}

TEST(Tokens, MpisErrorsAreTold) {
  const lenient comm;
  const std::vector<std::byte> token(10);
  EXPECT_EQ(kind_of([&] { detail::send_token(token, 4711, 1, comm); }), errc::transport_failure);
  EXPECT_EQ(kind_of([&] { (void)detail::recv_token(4711, 1, comm); }), errc::transport_failure);
  EXPECT_EQ(kind_of([&] { (void)detail::recv_token(MPI_PROC_NULL, 1, comm); }), errc::invalid_argument);
  detail::send_token(token, MPI_PROC_NULL, 1, comm);  // as MPI_Send: nothing happens
}

TEST(Tokens, OfAStoreWithFaultsAreResolvedByTheRanksThatHaveIt) {
  auto faulty = [] {
    return fault::connector(connector(MPI_COMM_WORLD, {.arena_bytes = std::size_t{1} << 20U}),
                            {.seed = 7, .fail_nth = 2});
  };
  store s("faults", faulty(), {.inline_bytes = 0});
  const std::string uri = registry::global().find("faults")->address()->uri;
  EXPECT_EQ(uri, "fault+mpi://?seed=7&fail_nth=2");
  const auto p =
      bcast(rank() == 0 ? s.proxy(std::vector<int>{1, 2, 3}) : proxy<std::vector<int>>(), 0, MPI_COMM_WORLD);
  EXPECT_EQ(3U, p->size());
  const auto again = s.proxy_from_key<std::vector<int>>(p.key());
  EXPECT_EQ(kind_of([&] { again.resolve(); }), errc::transport_failure) << "the second get";
  EXPECT_EQ(3U, again->size());
  MPI_Barrier(MPI_COMM_WORLD);
  s.close();
}

TEST(Tokens, InterCommunicatorsHaveNoBcast) {
  if (size() < 2) GTEST_SKIP() << "needs two ranks";
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm between = MPI_COMM_NULL;
  const int color = rank() % 2;
  MPI_Comm_split(MPI_COMM_WORLD, color, 0, &half);
  MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - color, 5, &between);
  EXPECT_EQ(kind_of([&] { (void)bcast(proxy<std::string>(), 0, between); }), errc::invalid_argument);
  MPI_Comm_free(&between);
  MPI_Comm_free(&half);
}

}  // namespace
}  // namespace farhold::mpi
