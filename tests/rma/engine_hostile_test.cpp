// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Peers that send what they please. They may waste time; they get no bytes that are not an object, end no
// object by accident, and break nothing.
#include <array>
#include <atomic>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "rma/messages.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr peer_id producer_id = 0;
constexpr peer_id consumer_id = 1;
constexpr peer_id attacker_id = 2;
constexpr std::uint64_t length = 10'000;  // 3 fragments
constexpr auto brief = 50ms;

class hostile : public ::testing::Test {
 protected:
  static cluster_options wanted(bool producer_serves = true) {
    cluster_options options;
    options.fabric.peers = 3;
    options.fabric.one_sided = false;
    options.of_peer = [producer_serves](std::size_t peer, rma::options& mine) {
      mine.progress_thread = peer == consumer_id || (peer == producer_id && producer_serves);
    };
    return options;
  }

  static ticket ticket_of(const key& object) {
    ticket t;
    EXPECT_STATUS(ok, ticket::from_key(object, t));
    return t;
  }

  /// Sends to the producer and waits until it has seen it.
  template <class Bytes>
  void attack(cluster& all, const Bytes& bytes) {
    all.fabric().inject(attacker_id, producer_id, bytes);
    const std::uint64_t before = all.fabric().progress_calls(producer_id);
    while (all.fabric().progress_calls(producer_id) < before + 2) std::this_thread::yield();
  }
};

TEST_F(hostile, requests_for_what_is_no_object_are_refused_and_counted) {
  cluster all(wanted());
  const key object = put(all[producer_id], length, 1);
  const ticket real = ticket_of(object);
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  const auto with = [&](auto change) {
    ticket t = real;
    change(t);
    return t;
  };
  const std::array refused{
      with([](ticket& t) { t.offset = 0; }),
      with([](ticket& t) { t.offset = 64; }),
      with([](ticket& t) { t.offset += 1; }),
      with([](ticket& t) { t.offset = 1U << 30U; }),
      with([](ticket& t) { t.offset = huge - 63; }),
      with([](ticket& t) { t.offset += 64; }),
      with([](ticket& t) { t.length = huge; }),
      with([](ticket& t) { t.length = huge - 64; }),
      with([](ticket& t) { t.length += 1; }),
      with([](ticket& t) { t.length = 1U << 19U; }),
      with([](ticket& t) { t.arena = 1; }),
      with([](ticket& t) { t.slot = std::numeric_limits<std::uint32_t>::max(); }),
      with([](ticket& t) { t.incarnation ^= 1; }),
      with([](ticket& t) { t.type.value ^= 1; }),
      with([](ticket& t) { t.generation = 0; }),
  };
  std::uint64_t count = 0;
  for (const ticket& t : refused) {
    for (const auto what : {message::kind::read, message::kind::exists, message::kind::evict}) {
      attack(all, message::encode_request(what, 1, t));
      EXPECT_EQ(++count, counters_of(all[producer_id]).refused_requests) << "ticket " << &t - refused.data();
    }
  }
  // Of another time, which is no offence.
  attack(all, message::encode_request(message::kind::read, 1, with([](ticket& t) { ++t.generation; })));
  attack(all, message::encode_request(message::kind::evict, 1, with([](ticket& t) { t.generation += 5; })));
  attack(all, message::encode_request(message::kind::read, 1, with([](ticket& t) { ++t.slot; })));
  const metrics m = counters_of(all[producer_id]);
  EXPECT_EQ(count, m.refused_requests);
  EXPECT_EQ(0U, m.service_bytes);
  EXPECT_EQ(0U, m.evicted);
  expect_bytes(all[consumer_id], object, 1);
}

TEST_F(hostile, no_flipped_bit_of_an_evict_ends_the_object) {
  cluster all(wanted());
  const key object = put(all[producer_id], length, 1);
  const auto whole = message::encode_request(message::kind::evict, 1, ticket_of(object));
  for (std::size_t bit = 8 * message::head_bytes; bit < 8 * whole.size(); ++bit) {
    auto bytes = whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    all.fabric().inject(attacker_id, producer_id, bytes);
  }
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    all.fabric().inject(attacker_id, producer_id, byte_view(whole).first(cut));
  }
  attack(all, message::encode_answer(1, errc::ok));
  EXPECT_EQ(0U, counters_of(all[producer_id]).evicted);
  expect_bytes(all[consumer_id], object, 1);
}

TEST_F(hostile, any_bytes_to_anybody_break_nothing) {
  cluster all(wanted());
  const key object = put(all[producer_id], length, 1);
  std::atomic<bool> stop{false};
  std::thread attacker([&] {
    std::mt19937_64 random(5);
    std::vector<std::byte> bytes;
    while (!stop) {
      for (int i = 0; i < 100; ++i) {
        bytes.resize(random() % 100);
        for (std::byte& b : bytes) b = static_cast<std::byte>(random());
        if (bytes.size() >= message::head_bytes && i % 4 != 0) {
          bytes[0] = std::byte{1};
          bytes[1] = static_cast<std::byte>(random() % 6);
          if (i % 2 == 0) {  // the numbers of requests under way are not hard to guess
            std::fill_n(bytes.begin() + 8, 8, std::byte{0});
            bytes[8] = static_cast<std::byte>(random() % 200);
          }
        }
        all.fabric().inject(attacker_id, i % 2 == 0 ? producer_id : consumer_id, bytes);
      }
      // Not faster than they are read, or a slow machine does nothing else.
      const std::uint64_t before = all.fabric().progress_calls(consumer_id);
      while (!stop && all.fabric().progress_calls(consumer_id) < before + 2) std::this_thread::sleep_for(1ms);
    }
  });
  // A busy machine may let all of this pass before the attacker has its turn.
  const auto begun = [&] { return counters_of(all[producer_id]).refused_requests > 0; };
  for (int i = 0; i < 200 || !begun(); ++i) expect_bytes(all[consumer_id], object, 1);
  stop = true;
  attacker.join();
  EXPECT_EQ(0U, counters_of(all[producer_id]).evicted);
}

TEST_F(hostile, answers_and_fragments_from_a_third_peer_are_nobodys) {
  cluster all(wanted(false));
  const key object = put(all[producer_id], length, 1);
  const std::vector<std::byte> lies(1000, std::byte{0xEE});
  std::atomic<bool> done{false};
  std::thread attacker([&] {
    while (!done) {
      for (std::uint64_t request = 1; request < 5; ++request) {
        std::vector<std::byte> fragment(message::fragment_head_bytes + lies.size());
        const auto head = message::encode_fragment_head(request, 0);
        std::copy(lies.begin(), lies.end(), std::copy(head.begin(), head.end(), fragment.begin()));
        all.fabric().inject(attacker_id, consumer_id, fragment);
        all.fabric().inject(attacker_id, consumer_id, message::encode_answer(request, errc::ok));
        all.fabric().inject(attacker_id, consumer_id, message::encode_answer(request, errc::stale));
      }
      std::this_thread::sleep_for(1ms);
    }
  });
  EXPECT_STATUS(timeout, get(all[consumer_id], object, brief).outcome);
  bool answer = false;
  EXPECT_STATUS(timeout, all[consumer_id].exists(object, brief, answer));
  done = true;
  attacker.join();
}

/// The consumer's call, and the answers that the test gives in the producer's name.
class answered : public hostile {
 protected:
  template <class Answers>
  got ask(cluster& all, const key& object, Answers&& answers) {
    got found;
    std::atomic<bool> done{false};
    std::thread consumer([&] {
      found = get(all[consumer_id], object);
      done = true;
    });
    while (all.fabric().messages_pending() == 0)
      std::this_thread::yield();  // the request waits at the producer
    ++request_;
    answers(request_);
    while (!done) std::this_thread::yield();
    consumer.join();
    all.pump(producer_id);  // swallows the request, and says what nobody waits for
    while (all.fabric().messages_pending() > 0) all.pump(producer_id);
    return found;
  }
  static std::vector<std::byte> fragment(std::uint64_t request, std::uint64_t offset, std::uint64_t bytes,
                                         std::uint64_t seed = 1) {
    std::vector<std::byte> all(message::fragment_head_bytes + bytes);
    const auto head = message::encode_fragment_head(request, offset);
    std::copy(head.begin(), head.end(), all.begin());
    for (std::uint64_t i = 0; i < bytes; ++i) all[head.size() + i] = pattern(seed, offset + i);
    return all;
  }

  std::uint64_t request_ = 0;
};

TEST_F(answered, a_producer_that_answers_nonsense_is_an_error_and_never_too_many_bytes) {
  cluster all(wanted(false));
  const key object = put(all[producer_id], length, 1);
  const auto say = [&](byte_view bytes) { all.fabric().inject(producer_id, consumer_id, bytes); };
  using request = std::uint64_t;
  EXPECT_STATUS(ok, ask(all, object, [&](request r) { say(fragment(r, 0, length)); }).outcome);
  EXPECT_STATUS(truncated,
                ask(all, object, [&](request r) { say(message::encode_answer(r, errc::ok)); }).outcome);
  EXPECT_STATUS(truncated, ask(all, object, [&](request r) {
                             say(fragment(r, 0, length - 1));
                             say(message::encode_answer(r, errc::ok));
                           }).outcome);
  EXPECT_STATUS(corrupt, ask(all, object, [&](request r) { say(fragment(r, 0, length + 1)); }).outcome);
  EXPECT_STATUS(corrupt, ask(all, object, [&](request r) { say(fragment(r, 8, 8)); }).outcome);
  EXPECT_STATUS(corrupt,
                ask(all, object, [&](request r) { say(fragment(r, ~std::uint64_t{0}, 8)); }).outcome);
  EXPECT_STATUS(corrupt, ask(all, object, [&](request r) {
                           say(fragment(r, 0, 5000));
                           say(fragment(r, 5000, 5001));
                         }).outcome);
  EXPECT_STATUS(ok, ask(all, object, [&](request r) {
                      say(fragment(r, 0, 5000));
                      say(fragment(r, 0, 5000));  // the same again, as when a request came twice
                      say(fragment(r, 5000, length - 5000));
                    }).outcome);
  EXPECT_STATUS(stale, ask(all, object, [&](request r) {
                         say(message::encode_answer(r, errc::stale));
                         say(fragment(r, 0, length, 2));  // finds nobody, or a request that is over
                         say(message::encode_answer(r, errc::ok));
                       }).outcome);
  const got found = ask(all, object, [&](request r) {
    say(fragment(r + 1, 0, length, 2));  // to one that does not exist yet
    say(fragment(r - 1, 0, length, 2));  // to one that is over
    for (std::uint64_t at = 0; at < length; at += 1000) say(fragment(r, at, 1000));
    say(fragment(r, 0, length, 2));
  });
  EXPECT_STATUS(ok, found.outcome);
  EXPECT_EQ(0U, count_wrong(found.landed->payload(), 1));
}

TEST_F(answered, every_error_that_a_producer_can_name_is_that_error) {
  cluster all(wanted(false));
  const key object = put(all[producer_id], length, 1);
  for (int code = 1; code <= static_cast<int>(errc::transport_failure); ++code) {
    const auto expected = static_cast<errc>(code);
    const got found = ask(all, object, [&](std::uint64_t r) {
      all.fabric().inject(producer_id, consumer_id, message::encode_answer(r, expected));
    });
    EXPECT_EQ(expected, found.outcome.code);
  }
}

}  // namespace
}  // namespace farhold::rma
