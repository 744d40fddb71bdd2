// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// kill_matrix ROUNDS: a consumer reads from a producer over the fabric, and one of the two is killed or
// stopped at a point that the consumer has come to: idle, connecting, or in the middle of a transfer. Each
// cell has one right outcome; bytes are never wrong, nobody hangs, and who is left serves on. Where
// namespaces are permitted, some producers have a pid and an IPC namespace of their own, so that it is the
// transport and not the kernel that says they ended.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include "network/network.hpp"

namespace {

using namespace farhold::test;

enum class victim { producer, consumer };
enum class deed { kill, stop };
enum class moment { idle, connecting, transfer };

constexpr std::array victims{victim::producer, victim::consumer};
constexpr std::array deeds{deed::kill, deed::stop};
constexpr std::array moments{moment::idle, moment::connecting, moment::transfer};
constexpr const char* names_of_victims[] = {"producer", "consumer"};
constexpr const char* names_of_deeds[] = {"killed", "stopped"};
constexpr const char* names_of_moments[] = {"idle", "connecting", "mid-transfer"};

/// What is in the middle of a transfer must be more than the buffers of a connection take.
constexpr const char* sizes[] = {"100000", "100000", "24000000"};
/// Long for what has to succeed or be noticed, short for what has to time out. A consumer's time goes on
/// while it is stopped and another process is started, which took 34 s on a machine that builds.
constexpr const char* patience = "120000";
constexpr const char* impatience = "2500";
constexpr int most_attempts = 3;

class round_of_one {
 public:
  round_of_one(int number, bool hidden, const way& over)
      : over_(over), producer_(with(std::string(over.settings) + " " + (hidden ? unseen : ""))) {
    who_ = victims[static_cast<std::size_t>(number) % 2];
    what_ = deeds[static_cast<std::size_t>(number) / 2 % 2];
    when_ = moments[static_cast<std::size_t>(number) / 4 % 3];
    hidden_ = hidden;
    object_ = std::string(" ") + sizes[static_cast<int>(when_)] + " 1 ";
    name_ = std::string(names_of_victims[static_cast<int>(who_)]) + " " +
            names_of_deeds[static_cast<int>(what_)] + " " + names_of_moments[static_cast<int>(when_)] + ", " +
            over.name + (hidden ? ", in namespaces of its own" : "");
  }

  /// Empty if all was right, else what was not.
  std::string run() {
    need("done", producer_.ask("open " + uri(over_)));
    token_ = producer_.ask(std::string("put ") + sizes[static_cast<int>(when_)] + " 1");
    consumer_ = std::make_unique<peer>(with(over_.settings));
    need("done", consumer_->ask("open hold=" + point() + ":" + over_.options));
    if (when_ == moment::idle) need("ok", consumer_->ask("resolve " + token_ + object_ + patience));
    const bool waits_in_vain = who_ == victim::producer && what_ == deed::stop;
    if (when_ != moment::idle) {
      consumer_->say("resolve " + token_ + object_ + (waits_in_vain ? impatience : patience));
      need("at " + point().substr(0, point().find(':')), consumer_->line());
    }
    // A deadline that is short on purpose may pass before the point is reached, on a busy machine.
    too_slow_ = waits_in_vain && problem_.starts_with("'timeout");
    if (too_slow_) return problem_;
    who_ == victim::producer ? hurt_producer() : hurt_consumer();
    return problem_;
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Whether nothing was tried, since the moment never came.
  [[nodiscard]] bool too_slow() const { return too_slow_; }

 private:
  void need(const std::string& expected, const std::string& answer) {
    if (problem_.empty() && !answer.starts_with(expected))
      problem_ = "'" + answer + "' and not '" + expected + "'";
  }

  [[nodiscard]] std::string point() const {
    if (when_ == moment::idle) return "none:1";
    return when_ == moment::connecting ? "connecting:1" : over_.mid_transfer;
  }

  void hurt_producer() {
    what_ == deed::kill ? producer_.kill() : stop(producer_);
    const std::string expected = what_ == deed::kill ? "producer_lost" : "timeout";
    if (when_ == moment::idle) {
      consumer_->say("resolve " + token_ + object_ + (what_ == deed::stop ? impatience : patience));
    } else {
      consumer_->say("go");
    }
    need(expected, consumer_->line());
    if (what_ == deed::stop) {
      go_on(producer_);
      need("ok", consumer_->ask("resolve " + token_ + object_ + patience));
    }
    // The consumer is as good as new for others.
    peer other(with(over_.settings));
    need("done", other.ask("open " + uri(over_)));
    need("ok", consumer_->ask("resolve " + other.ask("put 100000 2") + " 100000 2 " + patience));
  }

  void hurt_consumer() {
    if (what_ == deed::kill) {
      consumer_->kill();
    } else {
      consumer_->stop();
    }
    peer other(with(over_.settings));
    need("done", other.ask("open " + uri(over_, "same_host=off")));
    need("ok", other.ask("resolve " + token_ + object_ + patience));
    if (what_ == deed::stop) {
      consumer_->go_on();
      if (when_ == moment::idle) {
        consumer_->say("resolve " + token_ + object_ + patience);
      } else {
        consumer_->say("go");
      }
      need("ok", consumer_->line());
    }
    need("yes", producer_.ask("exists " + token_));
  }

  void stop(peer& p) const { hidden_ ? p.stop_child() : p.stop(); }
  void go_on(peer& p) const { hidden_ ? p.let_child_go_on() : p.go_on(); }

  victim who_;
  deed what_;
  moment when_;
  bool hidden_ = false, too_slow_ = false;
  way over_;
  std::string name_, object_, token_, problem_;
  peer producer_;
  std::unique_ptr<peer> consumer_;
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 12;
  const bool can_hide = works(unseen);
  if (!can_hide)
    std::puts("kill_matrix: pid namespaces are not permitted here: all ends are seen by the kernel too");
  std::atomic<int> next{0}, wrong{0};
  const auto begin = std::chrono::steady_clock::now();
  const auto some_rounds = [&] {
    for (int number = next++; number < rounds; number = next++) {
      const int pass = number / 12;  // cells
      for (int attempt = 1; attempt <= most_attempts; ++attempt) {
        round_of_one one(number, can_hide && pass / 2 % 2 == 0, ways[pass % ways_that_outlive_kills]);
        std::string problem;
        try {
          problem = one.run();
        } catch (const std::exception& e) {
          problem = e.what();
        }
        if (problem.empty()) break;
        const bool again = one.too_slow() && attempt < most_attempts;
        if (!again) ++wrong;
        std::printf("round %d, %s%s: %s\n", number, one.name().c_str(), again ? ", to be repeated" : "",
                    problem.c_str());
        std::fflush(stdout);
        if (!again) break;
      }
    }
  };
  std::array<std::thread, 3> beside;  // most of a round is waiting
  for (std::thread& t : beside) t = std::thread(some_rounds);
  for (std::thread& t : beside) t.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("kill_matrix: %d rounds, %d wrong, %.1f s\n", rounds, wrong.load(), took.count());
  return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
