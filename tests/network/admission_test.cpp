// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Who is let in: processes of one job secret, and nobody else.
#include <filesystem>
#include <fstream>

#include <fcntl.h>

#include <farhold/farhold.hpp>

#include "network/network.hpp"
#include "network/raw_caller.hpp"
#include "rma/messages.hpp"
#include "rma/ticket.hpp"

namespace farhold::test {
namespace {

constexpr const char* secret = "FARHOLD_SECRET=correct-horse-battery-staple";
constexpr const char* other_secret = "FARHOLD_SECRET=incorrect-horse-battery-staple";

std::string resolve(peer& consumer, const std::string& token) {
  return consumer.verdict("resolve " + token + " 50000 1 10000");
}

TEST(admission, lets_the_processes_of_one_job_in) {
  peer producer(with(secret)), consumer(with(secret));
  ASSERT_EQ(producer.ask("open " + uri()), "done");
  ASSERT_EQ(consumer.ask("open " + uri("same_host=off")), "done");
  EXPECT_EQ(resolve(consumer, producer.ask("put 50000 1")), "ok") << consumer.last_answer;
  EXPECT_EQ(producer.ask("count refused"), "0");
}

TEST(admission, turns_strangers_away_and_goes_on) {
  peer producer(with(secret)), friendly(with(secret));
  ASSERT_EQ(producer.ask("open " + uri()), "done");
  ASSERT_EQ(friendly.ask("open " + uri("same_host=off")), "done");
  const std::string token = producer.ask("put 50000 1");
  int refused = 0;
  for (const char* settings : {"FARHOLD_SECRET=", other_secret}) {
    peer stranger(with(settings));
    ASSERT_EQ(stranger.ask("open " + uri()), "done");
    EXPECT_EQ(resolve(stranger, token), "permission") << stranger.last_answer;
    EXPECT_NE(stranger.last_answer.find("secret"), std::string::npos) << stranger.last_answer;
    EXPECT_EQ(stranger.verdict("evict " + token), "permission");
    const int now = std::stoi(producer.ask("count refused"));
    EXPECT_GE(now, refused + 2) << "each attempt, of which there may be more than calls";
    refused = now;
  }
  EXPECT_EQ(producer.ask("count served"), "0");
  EXPECT_EQ(resolve(friendly, token), "ok") << friendly.last_answer;
}

TEST(admission, is_mutual) {
  peer producer(with("FARHOLD_SECRET=")), consumer(with(secret));
  ASSERT_EQ(producer.ask("open " + uri()), "done");
  ASSERT_EQ(consumer.ask("open " + uri("same_host=off&address=lo")), "done");
  EXPECT_EQ(resolve(consumer, producer.ask("put 50000 1")), "permission") << consumer.last_answer;
}

TEST(admission, reads_the_secret_from_a_file_that_is_nobody_elses) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("farhold_secret." + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::string file = folder / "secret", settings = "FARHOLD_SECRET_FILE=" + file;
  std::ofstream(file) << "correct-horse-battery-staple\n\n";
  ::chmod(file.c_str(), 0640);
  peer careless(with(settings));
  EXPECT_EQ(careless.verdict("open " + uri()), "permission");
  EXPECT_NE(careless.last_answer.find("chmod 600"), std::string::npos) << careless.last_answer;
  ::chmod(file.c_str(), 0600);
  peer producer(with(settings)), consumer(with(secret));
  ASSERT_EQ(producer.ask("open " + uri()), "done");
  ASSERT_EQ(consumer.ask("open " + uri("same_host=off")), "done");
  EXPECT_EQ(resolve(consumer, producer.ask("put 50000 1")), "ok") << consumer.last_answer;
  std::filesystem::remove_all(folder);
}

TEST(admission, without_a_secret_is_for_this_host_or_for_anyone_who_was_named) {
  peer open(with("FARHOLD_SECRET=")), anyone(with("FARHOLD_ADMIT=anyone")), careful(with(secret));
  ASSERT_EQ(open.ask("open " + uri()), "done");
  EXPECT_TRUE(store_factory::from_text(open.ask("put 50000 1")).uri().starts_with(uri() + "127.0.0.1:"));
  peer shown(with("FARHOLD_SECRET="));
  EXPECT_EQ(shown.verdict("open " + uri("address=192.0.2.1")), "invalid_argument");
  EXPECT_NE(shown.last_answer.find("FARHOLD_SECRET_FILE"), std::string::npos) << shown.last_answer;
  EXPECT_EQ(shown.verdict("open " + uri("admit=anyone")), "invalid_argument") << "tokens carry URIs";
  EXPECT_EQ(shown.verdict("open " + uri("secret_file=/etc/passwd")), "invalid_argument");
  peer wrong(with("FARHOLD_ADMIT=everybody"));
  EXPECT_EQ(wrong.verdict("open " + uri()), "invalid_argument");
  peer shortest(with("FARHOLD_SECRET=hunter2"));
  EXPECT_EQ(shortest.verdict("open " + uri()), "invalid_argument");
  ASSERT_EQ(anyone.ask("open " + uri()), "done");
  EXPECT_EQ(resolve(open, anyone.ask("put 50000 1")), "ok") << open.last_answer;
}

using kind = raw_wire::kind;

class strangers : public raw_caller {
 protected:
  strangers() : raw_caller(secret) {}
};

TEST_F(strangers, learn_nothing) {
  const auto mine = rma::handshake::draw();
  const auto challenge = line.hello(object.incarnation, mine);
  ASSERT_TRUE(challenge);
  ASSERT_EQ(challenge->head.what, kind::challenge) << "a number and a nonce";
  wire::reader in(challenge->body);
  link = in.take<rma::link_number>();
  line.send(raw_wire::calling, kind::response, link, 1, nullptr, rma::handshake::proof{});
  const auto refusal = line.receive();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->head.what, kind::refusal);
  EXPECT_EQ(refusal->body.size(), 4U);
  const auto ask = rma::message::encode_request(rma::message::kind::read, 1, object);
  line.send(raw_wire::calling, kind::message, link, 1, nullptr, ask);
  EXPECT_FALSE(line.receive(std::chrono::milliseconds(300)));
  EXPECT_EQ(producer.ask("count served"), "0");
  expect_refused(2);
}

TEST_F(strangers, who_name_another_store_are_told_that_it_is_not_here) {
  const auto answer = line.hello(object.incarnation + 1, rma::handshake::draw());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->head.what, kind::refusal);
}

TEST_F(strangers, cannot_speak_for_others_nor_again) {
  // Somebody of the job ...
  meet(rma::job_secret::from_text("correct-horse-battery-staple"));
  // ... and somebody else, who knows the number of the connection and has seen a message of it.
  raw_wire elsewhere;
  elsewhere.call(address);
  ASSERT_TRUE(elsewhere.hello(object.incarnation, rma::handshake::draw()));
  const auto evict = rma::message::encode_request(rma::message::kind::evict, 7, object);
  const auto head = rma::control_frame::encode(kind::message, link, 2, &keys, evict, {});
  auto forged = head;
  forged[20] ^= std::byte{1};
  elsewhere.send_raw(raw_wire::calling, forged, evict);
  elsewhere.send(raw_wire::calling, kind::message, link, 2, nullptr, evict);
  expect_refused(2);
  const auto exists = rma::message::encode_request(rma::message::kind::exists, 7, object);
  elsewhere.send_raw(raw_wire::calling, head, exists);  // the tag of another message
  expect_refused(3);
  line.send(raw_wire::calling, kind::message, link, 2, &keys, exists);
  const auto answer = line.receive();
  ASSERT_TRUE(answer) << "the connection has not suffered";
  const auto again = rma::control_frame::encode(kind::message, link, 2, &keys, exists, {});
  elsewhere.send_raw(raw_wire::calling, again, exists);
  expect_refused(4);  // a second time
  EXPECT_EQ(producer.ask("count served"), "1");
}

/// A stranger who listens, where a consumer with a secret expects its producer.
TEST(false_producers, are_not_believed) {
  peer real(with(secret)), consumer(with(secret));
  ASSERT_EQ(real.ask("open " + uri("address=lo")), "done");
  ASSERT_EQ(consumer.ask("open " + uri("same_host=off&address=lo")), "done");
  const auto made = store_factory::from_text(real.ask("put 50000 1"));
  raw_wire trap;
  const std::string there(made.uri());
  const auto store = std::make_shared<const farhold::detail::store_address>(
      farhold::detail::store_address{"shared", uri() + trap.address() + there.substr(there.rfind('.')), 0});
  consumer.say("resolve " + store_factory(store, made.object()).to_text() + " 50000 1 3000");
  ASSERT_TRUE(trap.wait_for_call());
  const auto hello = trap.receive();
  ASSERT_TRUE(hello);
  ASSERT_EQ(hello->head.what, raw_wire::kind::hello);
  wire::reader in(hello->body);
  static_cast<void>(in.take<std::uint64_t>());
  const auto link = in.take<rma::link_number>();
  std::array<std::byte, rma::control_frame::challenge_bytes> challenge{};
  trap.send(raw_wire::called, raw_wire::kind::challenge, link, 0, nullptr, challenge);
  const auto response = trap.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), sizeof(rma::handshake::proof));
  // The card, which says where to read, is not looked at without a proof.
  std::array<std::byte, rma::control_frame::welcome_bytes> welcome{};
  trap.send(raw_wire::called, raw_wire::kind::welcome, link, 1, nullptr, welcome);
  const std::string answer = consumer.line();
  EXPECT_TRUE(answer.starts_with("timeout")) << answer;
  EXPECT_EQ(consumer.ask("count refused"), "1");
}

}  // namespace
}  // namespace farhold::test
