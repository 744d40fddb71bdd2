// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Tickets, trailers, cards and messages as bytes. Other processes read them: what is asserted here as numbers
// is a promise to processes of other builds.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "rma/card.hpp"
#include "rma/messages.hpp"
#include "rma/ticket.hpp"
#include "rma/trailer.hpp"

namespace farhold::rma {
namespace {

ticket some_ticket() {
  ticket t;
  t.incarnation = 0x1112131415161718;
  t.generation = 0x2122232425262728;
  t.offset = 0x3132333435363738;
  t.arena = 0x41424344;
  t.slot = 0x51525354;
  t.length = 0x6162636465666768;
  t.type = type_id{0x7172737475767778};
  return t;
}

bool same(const ticket& a, const ticket& b) {
  return a.incarnation == b.incarnation && a.generation == b.generation && a.offset == b.offset &&
         a.arena == b.arena && a.slot == b.slot && a.length == b.length && a.type == b.type;
}

std::vector<unsigned> numbers(byte_view bytes) {
  std::vector<unsigned> all;
  for (const std::byte b : bytes) all.push_back(std::to_integer<unsigned>(b));
  return all;
}

template <class Bytes>
std::vector<std::byte> copy_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

// ---- tickets

TEST(ticket, round_trip_and_layout) {
  const ticket t = some_ticket();
  const key k = t.to_key();
  ticket back;
  ASSERT_OK(ticket::from_key(k, back));
  EXPECT_TRUE(same(t, back));
  EXPECT_EQ(t.length, k.size_bytes());
  EXPECT_EQ(t.type, k.type());
  EXPECT_EQ(numbers(k.id()),
            (std::vector<unsigned>{0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,     // incarnation
                                   0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,     // generation
                                   0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31,     // offset
                                   0x44, 0x43, 0x42, 0x41, 0x54, 0x53, 0x52, 0x51}));  // arena, slot
}

TEST(ticket, fits_into_the_compact_proxy) { EXPECT_LE(some_ticket().to_key().encoded_bytes(), 64U); }

TEST(ticket, every_other_length_is_corrupt) {
  const key k = some_ticket().to_key();
  std::vector<std::byte> longer = copy_of(k.id());
  longer.resize(key::max_id_bytes);
  for (std::size_t length = 0; length <= longer.size(); ++length) {
    if (length == ticket::id_bytes) continue;
    ticket out;
    EXPECT_STATUS(corrupt,
                  ticket::from_key(key(k.type(), k.size_bytes(), byte_view(longer).first(length)), out));
  }
  ticket out;
  EXPECT_STATUS(corrupt, ticket::from_key(key(), out));
}

TEST(ticket, generation_zero_is_nobodys) {
  ticket t = some_ticket();
  t.generation = 0;
  ticket out;
  EXPECT_STATUS(corrupt, ticket::from_key(t.to_key(), out));
}

// ---- trailers

struct block {
  alignas(8) std::array<std::byte, sizeof(trailer)> bytes{};
};

TEST(trailer, golden_bytes) {
  block b;
  publish_trailer(b.bytes.data(), some_ticket());
  std::vector<unsigned> expected{'F',  'H',  'R',  'L',  0x01, 0x00, 0x00, 0x00,   // magic, version, state
                                 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,   // incarnation
                                 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,   // generation
                                 0xD7, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE,   // inverted
                                 0x68, 0x67, 0x66, 0x65, 0x64, 0x63, 0x62, 0x61,   // length
                                 0x78, 0x77, 0x76, 0x75, 0x74, 0x73, 0x72, 0x71};  // type
  expected.resize(64, 0);
  EXPECT_EQ(expected, numbers(b.bytes));
}

TEST(trailer, golden_bytes_of_a_payload_elsewhere) {
  block b;
  ticket t = some_ticket();
  t.arena |= ticket::elsewhere_bit;
  publish_trailer(b.bytes.data(), t, reinterpret_cast<const std::byte*>(0x8182838485868788));
  std::vector<unsigned> expected{0x01, 0x00, 0x01, 0x00};  // version, state
  EXPECT_EQ(expected, numbers(byte_view(b.bytes).subspan(4, 4)));
  expected = {0x88, 0x87, 0x86, 0x85, 0x84, 0x83, 0x82, 0x81};
  EXPECT_EQ(expected, numbers(byte_view(b.bytes).subspan(48, 8)));
  EXPECT_STATUS(ok, compare(load_trailer(b.bytes.data()), t));
  EXPECT_STATUS(corrupt, compare(load_trailer(b.bytes.data()), some_ticket())) << "read as if it lay before";
}

TEST(trailer, clearing_zeroes_the_generation_alone) {
  block b;
  publish_trailer(b.bytes.data(), some_ticket());
  block expected = b;
  std::fill_n(expected.bytes.begin() + 16, 8, std::byte{0});
  clear_trailer(b.bytes.data());
  EXPECT_EQ(expected.bytes, b.bytes);
}

TEST(trailer, stands_behind_the_payload_at_the_next_word) {
  static_assert(sizeof(trailer) == 64);
  for (std::uint64_t length = 0; length < 100; ++length) {
    const std::uint64_t at = trailer_offset(length);
    EXPECT_EQ(0U, at % 8);
    EXPECT_GE(at, length);
    EXPECT_LT(at, length + 8);
    EXPECT_EQ(at + 64, block_bytes(length));
  }
}

TEST(trailer, both_ways_to_load_agree_and_compare_accepts) {
  block b;
  publish_trailer(b.bytes.data(), some_ticket());
  const trailer once = load_trailer(b.bytes.data());
  const trailer shared = load_shared_trailer(b.bytes.data());
  EXPECT_EQ(0, std::memcmp(&once, &shared, sizeof once));
  EXPECT_STATUS(ok, compare(once, some_ticket()));
}

TEST(trailer, no_flipped_bit_that_matters_is_accepted) {
  block b;
  publish_trailer(b.bytes.data(), some_ticket());
  for (std::size_t bit = 0; bit < 8 * sizeof(trailer); ++bit) {
    block flipped = b;
    flipped.bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const status s = compare(load_trailer(flipped.bytes.data()), some_ticket());
    const std::size_t at = bit / 8;
    if (at < 4 || (at >= 8 && at < 32)) {
      EXPECT_EQ(errc::stale, s.code) << at;  // magic, incarnation, generation, inverted
    } else if (at < 6) {
      EXPECT_EQ(errc::unsupported, s.code) << at;
    } else if (at < 8 || (at >= 32 && at < 48)) {
      EXPECT_EQ(errc::corrupt, s.code) << at;  // state, length, type
    } else {
      EXPECT_EQ(errc::ok, s.code) << at;  // address, which only says where; reserved, for a later version
    }
  }
}

TEST(trailer, torn_generations_are_stale) {
  // Every mixture of the bytes of two generations, as a read that tears might bring it, with either
  // inversion.
  ticket before = some_ticket();
  ticket after = before;
  after.generation = ~before.generation;  // all bytes differ
  block of_before, of_after;
  publish_trailer(of_before.bytes.data(), before);
  publish_trailer(of_after.bytes.data(), after);
  for (unsigned mixture = 0; mixture < 65536; ++mixture) {
    block torn = of_before;
    for (unsigned i = 0; i < 16; ++i) {
      if ((mixture >> i & 1U) != 0) torn.bytes[16 + i] = of_after.bytes[16 + i];
    }
    const trailer found = load_trailer(torn.bytes.data());
    ASSERT_EQ(mixture == 0, compare(found, before).ok()) << mixture;
    ASSERT_EQ(mixture == 65535, compare(found, after).ok()) << mixture;
  }
}

TEST(trailer, zeros_and_any_bytes_are_stale) {
  std::mt19937_64 random(3);
  block b;
  EXPECT_STATUS(stale, compare(load_trailer(b.bytes.data()), some_ticket()));
  for (int i = 0; i < 10'000; ++i) {
    for (std::byte& at : b.bytes) at = static_cast<std::byte>(random());
    ASSERT_EQ(errc::stale, compare(load_trailer(b.bytes.data()), some_ticket()).code);
  }
}

// ---- cards

card some_card() {
  card c;
  c.incarnation = 0x1112131415161718;
  c.boot = {0x2122232425262728, 0x3132333435363738};
  c.start_time = 0x4142434445464748;
  c.base_address = 0x5152535455565758;
  c.segment_bytes = 0x6162636465666768;
  c.pid = 0x01727374;
  c.fd = 0x00828384;
  c.grace_ns = 0x9192939495969798;
  c.pid_namespace = 0xA1A2A3A4A5A6A7A8;
  return c;
}

TEST(card, round_trip_and_golden_bytes) {
  const auto bytes = some_card().encode();
  card back;
  ASSERT_OK(card::decode(bytes, back));
  EXPECT_EQ(bytes, back.encode());
  const std::vector<unsigned> expected{'F',  'H',  'R',  'C',  0x03, 0x00, 0x00, 0x00,   // magic, version
                                       0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,   // incarnation
                                       0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,   // boot
                                       0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31,   //
                                       0x48, 0x47, 0x46, 0x45, 0x44, 0x43, 0x42, 0x41,   // start time
                                       0x58, 0x57, 0x56, 0x55, 0x54, 0x53, 0x52, 0x51,   // base address
                                       0x68, 0x67, 0x66, 0x65, 0x64, 0x63, 0x62, 0x61,   // segment
                                       0x74, 0x73, 0x72, 0x01, 0x84, 0x83, 0x82, 0x00,   // pid, fd
                                       0x98, 0x97, 0x96, 0x95, 0x94, 0x93, 0x92, 0x91,   // grace
                                       0xA8, 0xA7, 0xA6, 0xA5, 0xA4, 0xA3, 0xA2, 0xA1};  // pid namespace
  EXPECT_EQ(expected, numbers(bytes));
}

TEST(card, every_truncation_is_an_error) {
  const auto bytes = some_card().encode();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    card out;
    EXPECT_FALSE(card::decode(byte_view(bytes).first(length), out).ok()) << length;
  }
}

TEST(card, other_magic_is_corrupt_and_other_version_unsupported) {
  auto bytes = some_card().encode();
  card out;
  bytes[0] ^= std::byte{1};
  EXPECT_STATUS(corrupt, card::decode(bytes, out));
  bytes = some_card().encode();
  bytes[4] ^= std::byte{1};
  EXPECT_STATUS(unsupported, card::decode(bytes, out));
}

// ---- messages

std::vector<std::byte> fragment_of(std::uint64_t request, std::uint64_t offset, byte_view payload) {
  const auto head = message::encode_fragment_head(request, offset);
  std::vector<std::byte> bytes(head.size() + payload.size());
  const auto behind = std::copy(head.begin(), head.end(), bytes.begin());
  std::copy(payload.begin(), payload.end(), behind);
  return bytes;
}

TEST(messages, requests_round_trip) {
  for (const auto what : {message::kind::read, message::kind::exists, message::kind::evict}) {
    const auto bytes = message::encode_request(what, 0xA1A2A3A4A5A6A7A8, some_ticket());
    static_assert(bytes.size() == 64);
    message m;
    ASSERT_OK(message::decode(bytes, m));
    EXPECT_EQ(what, m.what);
    EXPECT_EQ(0xA1A2A3A4A5A6A7A8, m.request);
    EXPECT_TRUE(same(some_ticket(), m.object));
  }
}

TEST(messages, golden_heads) {
  const auto read = message::encode_request(message::kind::read, 0xA1A2A3A4A5A6A7A8, some_ticket());
  EXPECT_EQ(numbers(byte_view(read).first(24)),
            (std::vector<unsigned>{1,    1,    0,    0,    0,    0,    0,    0,     // version, kind
                                   0xA8, 0xA7, 0xA6, 0xA5, 0xA4, 0xA3, 0xA2, 0xA1,  // request
                                   0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11}));
  const auto answer = message::encode_answer(5, errc::closed);
  EXPECT_EQ(numbers(answer), (std::vector<unsigned>{1,  4, 0, 0, 0, 0, 0, 0,  //
                                                    5,  0, 0, 0, 0, 0, 0, 0,  //
                                                    14, 0, 0, 0, 0, 0, 0, 0}));
  const auto fragment = message::encode_fragment_head(6, 0x0102030405060708);
  EXPECT_EQ(numbers(fragment), (std::vector<unsigned>{1, 5, 0, 0, 0, 0, 0, 0,  //
                                                      6, 0, 0, 0, 0, 0, 0, 0,  //
                                                      8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST(messages, answers_carry_every_code) {
  for (int code = 0; code <= static_cast<int>(errc::transport_failure); ++code) {
    message m;
    ASSERT_OK(message::decode(message::encode_answer(9, static_cast<errc>(code)), m));
    EXPECT_EQ(message::kind::answer, m.what);
    EXPECT_EQ(9U, m.request);
    EXPECT_EQ(static_cast<errc>(code), m.code);
  }
  for (const int code : {-1, static_cast<int>(errc::transport_failure) + 1, 1 << 30}) {
    message m;
    EXPECT_STATUS(corrupt, message::decode(message::encode_answer(9, static_cast<errc>(code)), m));
  }
}

TEST(messages, fragments_keep_their_payload_where_it_lies) {
  std::vector<std::byte> payload(100);
  fill_pattern(payload, 1);
  const auto bytes = fragment_of(7, 4096, payload);
  message m;
  ASSERT_OK(message::decode(bytes, m));
  EXPECT_EQ(message::kind::fragment, m.what);
  EXPECT_EQ(4096U, m.offset);
  EXPECT_EQ(bytes.data() + message::fragment_head_bytes, m.payload.data());
  EXPECT_EQ(100U, m.payload.size());
  ASSERT_OK(message::decode(fragment_of(7, 4096, {}), m));
  EXPECT_TRUE(m.payload.empty());
}

TEST(messages, every_truncation_is_an_error) {
  const std::vector<std::vector<std::byte>> whole{
      copy_of(message::encode_request(message::kind::read, 1, some_ticket())),
      copy_of(message::encode_request(message::kind::evict, 1, some_ticket())),
      copy_of(message::encode_request(message::kind::exists, 1, some_ticket())),
      copy_of(message::encode_answer(1, errc::ok)), copy_of(message::encode_fragment_head(1, 0))};
  for (const auto& bytes : whole) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      // A copy of its own: a sanitizer sees what is read behind the end.
      const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      message m;
      const bool answer_without_padding =
          bytes.size() == message::answer_bytes && bytes[1] == std::byte{4} && length >= 20;
      EXPECT_EQ(answer_without_padding, message::decode(cut, m).ok()) << length << " of " << bytes.size();
    }
  }
}

TEST(messages, a_request_for_generation_zero_is_refused) {
  // Generation 0 is what free and evicted blocks have. Taken for a ticket it would match them all.
  ticket t = some_ticket();
  t.generation = 0;
  for (const auto what : {message::kind::read, message::kind::exists, message::kind::evict}) {
    message m;
    EXPECT_STATUS(corrupt, message::decode(message::encode_request(what, 1, t), m));
  }
}

TEST(messages, other_kinds_and_versions_are_refused) {
  for (unsigned kind = 0; kind < 256; ++kind) {
    auto bytes = message::encode_request(message::kind::read, 1, some_ticket());
    bytes[1] = static_cast<std::byte>(kind);
    std::fill_n(bytes.begin() + message::head_bytes, 4, std::byte{0});  // a code, if it is an answer
    message m;
    EXPECT_EQ(kind >= 1 && kind <= 5, message::decode(bytes, m).ok()) << kind;
    bytes = message::encode_request(message::kind::read, 1, some_ticket());
    bytes[0] = static_cast<std::byte>(kind);
    EXPECT_EQ(kind == 1, message::decode(bytes, m).ok()) << kind;
  }
}

TEST(messages, any_bytes_are_decoded_or_refused) {
  std::mt19937_64 random(11);
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::vector<std::byte> bytes(random() % 80);
    for (std::byte& at : bytes) at = static_cast<std::byte>(random());
    if (bytes.size() > 1 && i % 2 == 0) {  // else nearly all end at the version
      bytes[0] = std::byte{1};
      bytes[1] = static_cast<std::byte>(random() % 7);
    }
    message m;
    if (!message::decode(bytes, m).ok()) continue;
    ++accepted;
    ASSERT_LE(m.payload.size(), bytes.size());
    if (!m.payload.empty()) {
      ASSERT_EQ(bytes.data() + bytes.size(), m.payload.data() + m.payload.size());
    }
    card c;
    ASSERT_FALSE(card::decode(bytes, c).ok());
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace farhold::rma
