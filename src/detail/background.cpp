// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "background.hpp"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>

#include <farhold/detail/process_mutex.hpp>
#include <farhold/error.hpp>

#include "fork.hpp"
#include "parking.hpp"

namespace farhold::detail {

namespace {

using namespace std::chrono_literals;

/// The threads that resolve in the background. They come with work and go when there has been none for a
/// while.
///
/// Lifetime  Never dies, as proxies may be resolved in other destructors; a forked child, where none of the
///           threads is, gets one of its own.
class crew {
 public:
  static crew& of_this_process() {
    static auto* const mutex = new process_mutex;
    static crew* current = nullptr;
    const std::uint64_t this_epoch = fork_epoch();
    const std::scoped_lock lock(*mutex);
    if (current == nullptr || current->epoch_ != this_epoch)
      current = new crew;  // the parent's is left alone
    return *current;
  }

  void add(background_resolve_ptr job) {
    std::unique_lock lock(mutex_);
    queue_.push_back(std::move(job));
    if (idle_ == 0 && members_ < most_members) start_member();
    lock.unlock();
    work_.notify_one();
  }

 private:
  /// Blocked members are the reason for more than one: a producer that does not answer holds up its own
  /// batch.
  static constexpr int most_members = 4;
  static constexpr std::size_t batch = 64;
  static constexpr auto patience = 2s;

  void start_member() {
    // The host application's signals are not for these threads: they inherit a mask with all of them blocked.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([this] { serve(); }).detach();
      ++members_;
    } catch (const std::system_error&) {
      // No thread to be had: those there are will come to it, or whoever waits does it himself.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void serve() {
    pthread_setname_np(pthread_self(), "farhold-resolve");
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      const bool more = work_.wait_for(lock, patience, [this] { return !queue_.empty(); });
      --idle_;
      if (!more) break;
      std::vector<background_resolve_ptr> mine;
      // A fair share: the rest is for the members that the waiting jobs have called.
      const std::size_t share = std::min(batch, 1 + queue_.size() / static_cast<std::size_t>(idle_ + 1));
      while (!queue_.empty() && mine.size() < share) {
        if (queue_.front()->start()) mine.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      lock.unlock();
      resolve(mine);
      mine.clear();
      lock.lock();
    }
    --members_;
  }

  static void resolve(const std::vector<background_resolve_ptr>& jobs) {
    std::vector<resolve_work> works;
    works.reserve(jobs.size());
    for (const background_resolve_ptr& job : jobs) works.push_back(job->work());
    resolve_together(works);
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i]->finish(std::move(works[i].problem));
  }

  const std::uint64_t epoch_ = fork_epoch();
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<background_resolve_ptr> queue_;
  int members_ = 0;
  int idle_ = 0;
};

}  // namespace

background_resolve::background_resolve(lazy& what, const call_options& call)
    : what_(what), asked_by_caller_(call.stop, pass_on{stop_}) {
  if (call.timeout) until_ = end_of(*call.timeout);
}

void background_resolve::cancel() noexcept {
  stop_.request_stop();
  if (start()) {
    finish(std::make_exception_ptr(error(errc::cancelled, "the resolve was cancelled before it began")));
  }
}

void background_resolve::await() const {
  if (!over() && started_in_.load(std::memory_order_relaxed) != fork_epoch()) {
    throw error(errc::closed,
                "fork() has left the thread behind that was bringing the object of this operation; make the "
                "proxy from its token again");
  }
  static_cast<void>(park(this, [this] { return over(); }, std::nullopt, {}));
}

resolve_work background_resolve::work() {
  resolve_work mine{.what = &*what_, .call = {.timeout = std::nullopt, .stop = stop_.get_token()}};
  if (until_)
    mine.call.timeout = std::max(*until_ - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
  return mine;
}

void background_resolve::finish(std::exception_ptr problem) noexcept {
  problem_ = std::move(problem);
  phase_.store(phase::over, std::memory_order_release);
  unpark(this);
}

// Not inline: the public header, which does not see the class, declares them too.
void intrusive_ptr_add_ref(const background_resolve* b) noexcept {
  b->users_.fetch_add(1, std::memory_order_relaxed);
}
void intrusive_ptr_release(const background_resolve* b) noexcept {
  if (b->users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete b;
}

void resolve_in_background(background_resolve_ptr job) { crew::of_this_process().add(std::move(job)); }

}  // namespace farhold::detail
