// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// make_seeds FOLDER: writes what the real encoders make, one file each, into FOLDER/NAME for the fuzzer NAME.
// The result is kept in the tree; make it again when a form changes.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>

#include <farhold/local.hpp>

#include "file/src/object_file.hpp"
#include "multi/src/place.hpp"
#include "ofi/src/offer.hpp"
#include "redis/src/object.hpp"
#include "rma/card.hpp"
#include "rma/control_frames.hpp"
#include "rma/messages.hpp"
#include "rma/pins.hpp"
#include "rma/segment.hpp"
#include "rma/trailer.hpp"
#include "shm/src/frames.hpp"
#include "subjects.hpp"
#include "ucx/src/offer.hpp"

namespace {

using farhold::byte_view;

std::filesystem::path folder;

void keep(std::string_view fuzzer, std::string_view name, byte_view bytes) {
  std::filesystem::create_directories(folder / fuzzer);
  std::ofstream file(folder / fuzzer / name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.close();
}
void keep_text(std::string_view fuzzer, std::string_view name, std::string_view text) {
  keep(fuzzer, name, std::as_bytes(std::span(text)));
}

template <class T>
void keep_token(const std::string& name, const farhold::proxy<T>& p, farhold::token_form form) {
  const auto token = p.to_bytes(form);
  keep("token", name, token);
  // As the fuzzer mends it: without what all tokens begin with, and without the checksum.
  keep("token", name + "_body", byte_view(token).subspan(4, token.size() - 8));
  if (form == farhold::token_form::portable) keep_text("token", name + "_text", p.to_string());
}

farhold::rma::ticket a_ticket() {
  farhold::rma::ticket t;
  t.incarnation = 0x1122334455667788;
  t.generation = 42;
  t.offset = 4096;
  t.slot = 3;
  t.length = 8000;
  t.type = farhold::detail::type_of<std::vector<double>>();
  return t;
}

void tokens(farhold::store& s) {
  using farhold::token_form;
  for (const auto& [form, name] :
       {std::pair(token_form::portable, "portable"), std::pair(token_form::compact, "compact")}) {
    keep_token(std::string(name), s.proxy_from_key<std::vector<double>>(a_ticket().to_key()), form);
    keep_token(std::string(name) + "_inlined", s.proxy(std::string("inlined")), form);
  }
  keep_token("factory",
             farhold::proxy<std::vector<double>>(farhold::factory<std::vector<double>>(fuzz::line{1, 2})),
             token_form::portable);
  keep_token("factory_archived",
             farhold::proxy<std::string>(farhold::factory<std::string>(fuzz::words{{"one", "two"}})),
             token_form::portable);
}

farhold::key of_redis() {
  farhold::redis::object o;
  o.name.fill(std::byte{7});
  o.database = 99;
  o.size_bytes = 8000;
  o.chunk_bytes = farhold::redis::least_chunk_bytes;
  return farhold::redis::key_of(o, a_ticket().type);
}
farhold::key of_multi() {
  farhold::key made;
  static_cast<void>(farhold::multi::to_key({0, a_ticket().to_key(), 1, of_redis()}, made));
  return made;
}

void keys(farhold::store& s) {
  for (const auto& [name, key] : {std::pair("ticket", a_ticket().to_key()), std::pair("local", s.put(1)),
                                  std::pair("inline", s.proxy(1).key()), std::pair("redis", of_redis()),
                                  std::pair("multi", of_multi())}) {
    std::array<std::byte, farhold::key::max_encoded_bytes> bytes;
    const std::byte* const end = key.encode(bytes.data());
    keep("key", name, {static_cast<const std::byte*>(bytes.data()), end});
  }
}

void messages() {
  using namespace farhold::rma;
  keep("message", "read", message::encode_request(message::kind::read, 7, a_ticket()));
  keep("message", "evict", message::encode_request(message::kind::evict, 8, a_ticket()));
  keep("message", "answer", message::encode_answer(7, farhold::errc::stale));
  keep("message", "fragment", message::encode_fragment_head(7, 4096));
  card c;
  c.incarnation = a_ticket().incarnation;
  c.segment_bytes = 1U << 20U;
  c.pid = 100;
  c.fd = 5;
  keep("message", "card", c.encode());
  alignas(trailer) std::array<std::byte, sizeof(trailer)> t;
  publish_trailer(t.data(), a_ticket());
  keep("message", "trailer", t);
}

/// As fuzz_segment reads it: what is right, the card, the heads of the pins and of the second arena, the
/// header.
void segments() {
  using namespace farhold::rma;
  constexpr std::byte all_right{15};
  const std::array<std::byte, card::encoded_bytes> no_card{};
  const pin_layout::header no_pins{};
  const std::array<std::uint64_t, 4> second = {0, 0, 0, 1};
  segment_header header;
  header.arena_count = 2;
  std::vector<std::byte> bytes(1, all_right);
  const auto add = [&](const auto& what) {
    const auto more = std::as_bytes(std::span(&what, 1));
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  keep("segment", "one_arena", bytes);
  add(no_card), add(no_pins), add(second), add(header);
  bytes.resize(400);
  keep("segment", "two_arenas", bytes);
  bytes.front() = std::byte{2};
  keep("segment", "nothing_right_but_the_card", bytes);
}

void frames() {
  using farhold::rma::control_frame;
  using farhold::shm::detail::frame;
  for (const auto what :
       {control_frame::kind::hello, control_frame::kind::message, control_frame::kind::greeting}) {
    std::vector<std::byte> packet(control_frame::head_bytes + control_frame::hello_bytes);
    const auto head = control_frame::encode(what, 3, 1, nullptr, {}, {});
    std::copy(head.begin(), head.end(), packet.begin());
    keep("frame", "control_" + std::to_string(static_cast<int>(what)), packet);
  }
  keep("frame", "shm_hello", frame::encode_hello(a_ticket().incarnation));
  keep("frame", "shm_refusal", frame::encode_refusal(farhold::errc::stale));
  keep("frame", "shm_message", frame::encode_head(frame::kind::message));
}

void offers() {
  farhold::ofi::detail::offer by_libfabric;
  by_libfabric.provider = "tcp;ofi_rxm";
  by_libfabric.protocol = 6;
  by_libfabric.protocol_version = 1;
  by_libfabric.address_format = 2;
  by_libfabric.bytes = 1U << 20U;
  by_libfabric.key = 1;
  by_libfabric.address.assign(16, std::byte{7});
  keep("offer", "ofi", by_libfabric.encode());
  farhold::ucx::detail::offer by_ucx;
  by_ucx.base = 4096;
  by_ucx.bytes = 1U << 20U;
  by_ucx.key.assign(30, std::byte{1});
  by_ucx.address.assign(200, std::byte{2});
  keep("offer", "ucx", by_ucx.encode());
}

/// The size of the pieces, and packets as they go over sockets.
void lines() {
  using farhold::rma::control_frame;
  const auto packet = [](std::size_t body_bytes) {
    const auto length = static_cast<std::uint32_t>(control_frame::head_bytes + body_bytes);
    std::vector<std::byte> made(sizeof length + length, std::byte{9});
    std::memcpy(made.data(), &length, sizeof length);
    return made;
  };
  std::vector<std::byte> bytes(1, std::byte{2});
  for (const std::size_t body_bytes : {std::size_t{48}, std::size_t{0}, std::size_t{200}}) {
    const auto one = packet(body_bytes);
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  keep("line", "three", bytes);
  bytes.resize(bytes.size() - 10);
  keep("line", "cut", bytes);
  keep("line", "no_room", std::vector<std::byte>(5));
  keep("line", "nonsense", std::vector<std::byte>(5, std::byte{0xFF}));
}

/// What the other ends of connections do, as fuzz_channel reads it: somebody calls, or is called, and goes
/// about it properly before it says something.
void conversations() {
  using namespace std::string_view_literals;
  keep_text("channel", "caller", "\0\3\0\3\0\2\5\4text\0"sv);
  keep_text("channel", "producer", "\6\4text\3\0\3\0\7\5words\0\2\5\4text\0\6\1a"sv);
  keep_text("channel", "stranger", "\0\1\0\1\0\3abc\5\4\0"sv);
  keep_text("channel", "refusal", "\6\1a\1\0\5\0\4\12\0\0\0"sv);
}

void files() {
  farhold::file::object_header header;
  header.type = a_ticket().type.value;
  keep("file", "empty", std::as_bytes(std::span(&header, 1)));
  header.size_bytes = 8;
  header.name.fill(std::byte{7});
  std::vector<std::byte> file(sizeof header + header.size_bytes);
  std::memcpy(file.data(), &header, sizeof header);
  keep("file", "whole", file);
  keep("file", "cut", byte_view(file).first(file.size() - 1));
}

void answers() {
  const std::string hello = "+OK\r\n$16\r\n0123456789abcdef\r\n";
  // Sizes of the pieces, the pieces, and objects of one.
  keep_text("redis", "objects",
            hello + ":8\r\n:8\r\n:4\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n$4\r\n1234\r\n" +
                "$5\r\n12345\r\n$-1\r\n:7\r\n");
  keep_text("redis", "errors", hello + "-WRONGTYPE no\r\n-OOM no\r\n*2\r\n:1\r\n:2\r\n");
  keep_text("redis", "refused", "-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n");
}

void uris() {
  keep_text("uri", "redis", "redis://user:pass%40word@[::1]:6379/3?ttl=60s&chunk=64KiB");
  keep_text("uri", "unix", "unix:///run/redis.sock?db=2");
  keep_text("uri", "multi",
            "multi:///?0=shm://?arena=64MiB%26grace=1ms&0.max=1MiB&1=file:///scratch&1.tag=big&twin=1");
  keep_text("uri", "path", "/scratch/run%207");
  keep_text("uri", "shm", "100.5.0123abcd");
  keep_text("uri", "plain", "local://");
  keep_text("uri", "host", "ucx://[fd00:1234::def0]:34567/?device=mlx5_0:1");
  keep_text("uri", "options", "mpi://?arena=4GiB&timeout=500ms&window=off&path=%2Fscratch%2Frun+7");
  keep_text("uri", "ofi", "ofi://10.0.0.1:40000.0123456789abcdef?same_host=cma&validation=recheck&grace=1ms");
  keep_text("uri", "address", "10.0.0.1:40000");
}

template <class T>
void keep_archive(std::string_view name, const T& object) {
  std::vector<std::byte> bytes(farhold::serializer<T>::size_bytes(object));
  farhold::serializer<T>::write(object, bytes);
  keep("archive", name, bytes);
}

void archives(farhold::store& s) {
  keep_archive("empty", fuzz::rich());
  fuzz::rich r;
  r.table = {{"a", {std::nullopt, fuzz::rich::value(), fuzz::rich::value(true), fuzz::rich::value(2.5)}},
             {"b",
              {fuzz::rich::value("text"), fuzz::rich::value(std::vector<fuzz::plain>{{1, 2}}),
               fuzz::rich::value(fuzz::own_form{3})}}};
  keep_archive("table", r);
  const auto d = std::make_shared<fuzz::derived>();
  d->name = "derived";
  d->values = {1, 2};
  fuzz::rich pointers;
  pointers.shared = {d, std::make_shared<fuzz::base>(), nullptr, d};
  pointers.more = {d, std::make_shared<const std::string>("text"), d};
  pointers.owned = std::make_unique<fuzz::derived>();
  keep_archive("pointers", pointers);
  fuzz::rich rest;
  rest.root.children.resize(2);
  rest.root.children[1].side = std::make_unique<fuzz::tree>();
  rest.bits = {true, false};
  rest.flags = {true, false};
  rest.file = {"/scratch/run", std::chrono::nanoseconds(5)};
  rest.nested = {{u"key", {{1, 2}, {}}}};
  rest.array = {1.5, 2.5};
  rest.queue.push(3);
  rest.field = s.proxy(std::vector<double>{1});
  keep_archive("rest", rest);
}

void images() {
  const std::vector<double> numbers = {1, 2.5, -0.0};
  keep("direct", "doubles", std::as_bytes(std::span(numbers)));
  const fuzz::plain p = {1, 2};
  keep("direct", "plain", std::as_bytes(std::span(&p, 1)));
  keep("direct", "bools", std::as_bytes(std::span("\1\0\1", 4)));
  keep("direct", "true", std::as_bytes(std::span("\1", 1)));
  const std::string wide(256, '\1');
  keep_text("direct", "wide", wide);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  fuzz::register_factories();
  farhold::store s("fields", farhold::local::connector());
  tokens(s);
  keys(s);
  messages();
  segments();
  frames();
  offers();
  lines();
  conversations();
  files();
  answers();
  uris();
  archives(s);
  images();
  return 0;
}
