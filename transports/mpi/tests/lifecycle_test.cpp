// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// own_main: lifecycle_test SCENARIO
//
// What happens around MPI_Init and MPI_Finalize: one scenario in each process, because there is one of each.
// Every scenario has to end with MPI_Finalize returning, and exit status 0, under both MPIs.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include "harness.hpp"
#include "init_checks.hpp"

namespace farhold::mpi::test {
namespace {

int failures = 0;

void check(bool condition, const char* what, int line) {
  if (condition) return;
  ++failures;
  std::fprintf(stderr, "lifecycle_test.cpp:%d: not so: %s\n", line, what);
}
#define FARHOLD_CHECK(condition) check(static_cast<bool>(condition), #condition, __LINE__)

/// MPI forbids MPI_Finalize while a thread is inside MPI, and that is where the progress thread of a store
/// that nobody closed may be. Open MPI does not mind. MPICH turns its locks off before it calls anybody, and
/// aborts if the thread held one ("pthread_mutex_destroy: Device or resource busy").
#ifdef OPEN_MPI
constexpr bool threads_survive_finalize = true;
#else
constexpr bool threads_survive_finalize = false;
#endif

/// What the engine above a transport does: it has a thread that progresses, and closes when it is told to.
class engine final : public transport_listener {
 public:
  explicit engine(bool with_thread = true) : transport_(std::make_unique<mpi_transport>(MPI_COMM_WORLD)) {
    opened = transport_->open(memory_, {}, {}, *this, plenty);
    if (opened.ok() && with_thread) thread_ = std::make_unique<progress_thread>(*transport_);
  }
  void on_message(peer_id, byte_view) noexcept override {}
  void on_sent(std::uint64_t, status) noexcept override {}
  void on_fabric_ending() noexcept override {
    ++endings;
    closed = close(plenty);
  }
  status close(std::chrono::nanoseconds timeout) noexcept {
    thread_.reset();
    return transport_->close(timeout);
  }
  void destroy_transport() {
    thread_.reset();
    transport_.reset();
  }
  [[nodiscard]] mpi_transport& transport() { return *transport_; }

  int endings = 0;
  status opened;
  status closed{errc::cancelled, 0, "nobody closed it"};

 private:
  std::vector<std::byte> memory_{100000};
  std::unique_ptr<mpi_transport> transport_;
  std::unique_ptr<progress_thread> thread_;
};

bool last_rank() { return world_rank() == world_size() - 1; }

/// A whole life, to see that what went before left MPI in order.
void expect_that_another_works() {
  engine another;
  FARHOLD_CHECK(another.opened.ok());
  FARHOLD_CHECK(another.transport().capabilities().one_sided == windows_expected());
  FARHOLD_CHECK(another.close(plenty).ok());
}

void init(int level = MPI_THREAD_MULTIPLE) {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, level, &provided);
  const char* const expected = std::getenv("FARHOLD_TEST_WORLD_SIZE");
  FARHOLD_CHECK(expected != nullptr && std::to_string(world_size()) == expected);
}

void expect_closed(engine& e) {
  std::array<std::byte, 8> bytes{};
  remote_read request{0, 0, bytes.data(), 8, {}};
  bool done = false;
  mpi_transport& t = e.transport();
  FARHOLD_CHECK(t.start(request).code == errc::closed);
  FARHOLD_CHECK(t.test(request, done).code == errc::closed);
  FARHOLD_CHECK(t.send(0, bytes, {}, 0).code == errc::closed);
  FARHOLD_CHECK(!t.progress());
  t.memory_changed();
}

// Nobody closes; MPI_Finalize says so and the listener does it there.
void forgotten_by_all() {
  init();
  engine first(threads_survive_finalize);
  engine second(threads_survive_finalize);
  FARHOLD_CHECK(first.opened.ok() && second.opened.ok());
  MPI_Finalize();
  for (engine* e : {&first, &second}) {
    FARHOLD_CHECK(e->endings == 1);
    FARHOLD_CHECK(e->closed.ok());
    expect_closed(*e);
    FARHOLD_CHECK(e->close(plenty).ok());
  }
}

// The others wait for one in vain. All are brought together by MPI_Finalize.
void forgotten_by_one() {
  init();
  const bool forgets = last_rank() && world_size() > 1;
  engine e(!forgets || threads_survive_finalize);
  if (!forgets) {
    const auto before = std::chrono::steady_clock::now();
    FARHOLD_CHECK(e.close(300ms).code == (world_size() > 1 ? errc::timeout : errc::ok));
    FARHOLD_CHECK(std::chrono::steady_clock::now() - before < 10s);
    expect_closed(e);
  } else {
    std::this_thread::sleep_for(1500ms);
  }
  MPI_Finalize();
  FARHOLD_CHECK(e.endings == (forgets ? 1 : 0));
  FARHOLD_CHECK(e.closed.code == (forgets ? errc::ok : errc::cancelled));
}

// One comes when the others have given up: bounded on all, and in order again for the next transport.
void late_to_close() {
  init();
  {
    engine e;
    // Not a barrier: nothing of MPI may help the waiting ranks on.
    if (last_rank()) std::this_thread::sleep_for(1500ms);
    const auto before = std::chrono::steady_clock::now();
    const status outcome = e.close(300ms);
    FARHOLD_CHECK(outcome.code == (world_size() > 1 ? errc::timeout : errc::ok));
    FARHOLD_CHECK(std::chrono::steady_clock::now() - before < 15s);
    FARHOLD_CHECK(e.close(plenty).code == outcome.code);  // as before, at once
  }
  MPI_Barrier(MPI_COMM_WORLD);
  expect_that_another_works();
  MPI_Finalize();
}

// Destroyed without a close: silent, and MPI_Finalize ends what is left.
void destroyed() {
  init();
  engine e;
  engine other(threads_survive_finalize);
  e.destroy_transport();
  expect_that_another_works();
  MPI_Finalize();
  FARHOLD_CHECK(e.endings == 0);
  FARHOLD_CHECK(other.endings == 1 && other.closed.ok());
}

// Destroyed after MPI_Finalize, having closed in time.
void destroyed_afterwards() {
  init();
  engine e;
  FARHOLD_CHECK(e.close(plenty).ok());
  MPI_Finalize();
  FARHOLD_CHECK(e.endings == 0);
  FARHOLD_CHECK(e.close(plenty).ok());
  e.destroy_transport();
}

// A listener that does not close. Nothing of MPI is called afterwards; what MPI_Finalize does about the
// window is its own affair (MPICH 4.0.2 over UCX with assertions aborts), so there is none here.
void not_obeyed() {
  init();
  recorder listener;
  mpi_transport t(MPI_COMM_WORLD, {.window = false});
  FARHOLD_CHECK(t.open({}, {}, {}, listener, plenty).ok());
  MPI_Finalize();
  FARHOLD_CHECK(listener.ending_count == 1);
  FARHOLD_CHECK(!t.progress());
  FARHOLD_CHECK(t.send(0, {}, {}, 0).code == errc::closed);
  FARHOLD_CHECK(t.close(plenty).code == errc::closed);
  FARHOLD_CHECK(t.close(plenty).code == errc::closed);
}

// One does not come to open.
void late_to_open() {
  init();
  if (!last_rank()) {
    const auto before = std::chrono::steady_clock::now();
    recorder listener;
    mpi_transport t(MPI_COMM_WORLD);
    FARHOLD_CHECK(t.open({}, {}, {}, listener, 300ms).code == errc::timeout);
    FARHOLD_CHECK(std::chrono::steady_clock::now() - before < 10s);
    FARHOLD_CHECK(t.failing_rank() == -1);
    FARHOLD_CHECK(t.close(plenty).ok());
  }
  MPI_Finalize();
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}
bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

void before_init_and_after_finalize() {
  std::string said = message_of(detail::check_mpi_ready);
  FARHOLD_CHECK(contains(said, "not initialized"));
  FARHOLD_CHECK(contains(said, "call MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided)"));
  FARHOLD_CHECK(!detail::mpi_is_alive());
  recorder listener;
  {
    mpi_transport t(MPI_COMM_WORLD);
    FARHOLD_CHECK(t.open({}, {}, {}, listener, plenty).code == errc::invalid_argument);
    FARHOLD_CHECK(t.close(plenty).ok());
  }
  init();
  FARHOLD_CHECK(detail::mpi_is_alive());
  expect_that_another_works();
  MPI_Finalize();
  said = message_of(detail::check_mpi_ready);
  FARHOLD_CHECK(contains(said, "already finalized"));
  mpi_transport t(MPI_COMM_WORLD);
  FARHOLD_CHECK(t.open({}, {}, {}, listener, plenty).code == errc::invalid_argument);
}

// One rank without MPI_THREAD_MULTIPLE: all fail, none hangs.
void one_without_threads() {
  const char* const rank = std::getenv("OMPI_COMM_WORLD_RANK") != nullptr
                               ? std::getenv("OMPI_COMM_WORLD_RANK")
                               : std::getenv("PMI_RANK");
  const bool without = rank != nullptr && std::string_view(rank) == "0";
  init(without ? MPI_THREAD_FUNNELED : MPI_THREAD_MULTIPLE);
  const std::string said = message_of(detail::check_mpi_ready);
  FARHOLD_CHECK(said.empty() != without);
  if (without) FARHOLD_CHECK(contains(said, "this process got MPI_THREAD_FUNNELED"));
  recorder listener;
  mpi_transport t(MPI_COMM_WORLD);
  FARHOLD_CHECK(t.open({}, {}, {}, listener, plenty).code == errc::unsupported);
  FARHOLD_CHECK(t.failing_rank() == 0);
  FARHOLD_CHECK(contains(t.failing_step(), "MPI_THREAD_MULTIPLE"));
  MPI_Finalize();
}

int run(const std::string& name) {
  const std::map<std::string, void (*)()> scenarios{
      {"forgotten_by_all", forgotten_by_all},
      {"forgotten_by_one", forgotten_by_one},
      {"late_to_close", late_to_close},
      {"destroyed", destroyed},
      {"destroyed_afterwards", destroyed_afterwards},
      {"not_obeyed", not_obeyed},
      {"late_to_open", late_to_open},
      {"before_init_and_after_finalize", before_init_and_after_finalize},
      {"one_without_threads", one_without_threads},
  };
  const auto found = scenarios.find(name);
  if (found == scenarios.end()) {
    std::fprintf(stderr, "no scenario '%s'\n", name.c_str());
    return EXIT_FAILURE;
  }
  found->second();
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace farhold::mpi::test

int main(int argc, char** argv) { return farhold::mpi::test::run(argc > 1 ? argv[1] : ""); }
