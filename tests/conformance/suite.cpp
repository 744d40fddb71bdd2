// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "suite.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <stdexcept>
#include <utility>

#include "patience.hpp"

namespace farhold::conformance {

namespace {

process_group* the_group = nullptr;
backend the_backend;
/// A collective step failed here: others are elsewhere, and nothing that follows would mean anything.
bool out_of_step = false;

/// What the processes beside the first one print.
class failure_printer final : public testing::EmptyTestEventListener {
 public:
  explicit failure_printer(int rank) : rank_(rank) {}

  // Kept from here, because GoogleTest holds its lock while it tells of results: asking it then never ends.
  void OnTestStart(const testing::TestInfo& test) override { test_ = &test; }
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const testing::TestInfo* const test = test_;
    std::fprintf(stderr, "rank %d, %s.%s: %s:%d: %s\n", rank_,
                 test != nullptr ? test->test_suite_name() : "?", test != nullptr ? test->name() : "?",
                 result.file_name() != nullptr ? result.file_name() : "?", result.line_number(),
                 result.message());
  }

 private:
  int rank_;
  const testing::TestInfo* test_ = nullptr;
};

template <class Step>
auto in_step(const char* what, Step&& step) {
  if (out_of_step) throw std::runtime_error(std::string("the processes are out of step, so no ") + what);
  try {
    return step();
  } catch (...) {
    out_of_step = true;
    throw;
  }
}

}  // namespace

const std::chrono::seconds suite::patience = patient(30s);

process_group& suite::group() { return *the_group; }
const backend& suite::tested() { return the_backend; }

std::optional<std::string> suite::why_without(feature what) {
  const auto at = the_backend.lacks.find(what);
  return at != the_backend.lacks.end() ? std::optional(at->second) : std::nullopt;
}

void suite::SetUp() {
  // The run is red by then: there is nothing to be shown any more.
  if (out_of_step) GTEST_SKIP() << "the processes are out of step since an earlier test failed";
}

void suite::TearDown() {
  if (out_of_step) return;
  if (store_) close();
}

store& suite::open(store_options options, std::uint64_t capacity_bytes) {
  // One name for all openings of a test, since reopening under the same name is what a restart does.
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  options.timeout = patience;
  // What is tested is the connector's own memory; containers that are moved in would stay where they are.
  options.adopt_bytes = std::numeric_limits<std::size_t>::max();
  in_step("opening", [&] {
    std::unique_ptr<connector> made = tested().connect(capacity_bytes);
    capabilities_ = made->capabilities();
    store_.emplace(std::string(test->test_suite_name()) + "." + test->name(), std::move(made), options);
  });
  return *store_;
}

void suite::close() {
  in_step("closing", [&] { store_->close({.timeout = patience}); });
  store_.reset();
}

void suite::barrier() {
  in_step("barrier", [] { group().barrier(); });
}

std::vector<std::byte> suite::broadcast(std::vector<std::byte> bytes, int root) {
  return in_step("broadcast", [&] { return group().broadcast(std::move(bytes), root); });
}

void suite::append(std::vector<std::byte>& to, const std::vector<std::byte>& token) {
  // The tests' own framing: tokens of this suite have less than 64 KiB.
  to.push_back(static_cast<std::byte>(token.size() >> 8U));
  to.push_back(static_cast<std::byte>(token.size() & 0xFFU));
  to.insert(to.end(), token.begin(), token.end());
}

byte_view suite::take(byte_view& from) {
  const auto size = (std::to_integer<std::size_t>(from[0]) << 8U) + std::to_integer<std::size_t>(from[1]);
  const byte_view token = from.subspan(2, size);
  from = from.subspan(2 + size);
  return token;
}

void suite::expect_payload(byte_view bytes, std::size_t size_bytes, const origin& of) {
  EXPECT_EQ(bytes.size(), size_bytes);
  const std::optional<std::size_t> wrong = first_wrong(bytes, of);
  EXPECT_FALSE(wrong) << "object " << of.object << " of rank " << of.producer << " is wrong from byte "
                      << *wrong;
}

int run(int& argc, char** argv, process_group& processes, backend tested) {
  the_group = &processes;
  the_backend = std::move(tested);
  testing::InitGoogleMock(&argc, argv);
  if (processes.rank() != 0) {
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new failure_printer(processes.rank()));
  }
  bool failed = RUN_ALL_TESTS() != 0;
  for (int root = 0; !out_of_step && root < processes.size(); ++root) {
    try {
      const auto verdict = processes.broadcast({static_cast<std::byte>(failed)}, root);
      failed = failed || verdict.front() != std::byte{0};
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "rank %d: %s\n", processes.rank(), problem.what());
      out_of_step = true;
    }
  }
  return failed || out_of_step ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace farhold::conformance
