// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A main for GoogleTest programs of several ranks. Each rank runs every test, rank 0 prints them all and the
// others their failures, and the program fails on every rank if it failed on one.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mpi.h>

namespace {

// What the ranks beside 0 print.
class failure_printer : public testing::EmptyTestEventListener {
 public:
  explicit failure_printer(int rank) : rank_(rank) {}

  // GoogleTest holds a lock while it reports a result, so that its name cannot be asked for there.
  void OnTestStart(const testing::TestInfo& test) override {
    name_ = std::string(test.test_suite_name()) + '.' + test.name();
  }
  void OnTestEnd(const testing::TestInfo&) override { name_ = "outside of tests"; }

  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d, %s: %s:%d: %s\n", rank_, name_.c_str(),
                 result.file_name() != nullptr ? result.file_name() : "?", result.line_number(),
                 result.message());
  }

 private:
  int rank_;
  std::string name_ = "outside of tests";
};

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return EXIT_FAILURE;
  testing::InitGoogleMock(&argc, argv);

  int size = 0;
  int rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  // A launcher of another MPI starts N jobs of one rank, and tests that do not count ranks pass in each.
  const char* const expected = std::getenv("FARHOLD_TEST_WORLD_SIZE");
  if (expected == nullptr || std::to_string(size) != expected) {
    std::fprintf(stderr, "this job has %d ranks and FARHOLD_TEST_WORLD_SIZE is %s\n", size,
                 expected != nullptr ? expected : "not set");
    MPI_Finalize();
    return EXIT_FAILURE;
  }

  if (rank != 0) {
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new failure_printer(rank));
  }
  int failed = RUN_ALL_TESTS();
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
