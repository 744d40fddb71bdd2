// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "connection.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <new>

#include "errors.hpp"
#include "rma/host.hpp"

namespace farhold::redis {

namespace {

constexpr std::string_view database_key = "farhold:database";
constexpr std::size_t id_digits = 16;

bool parse(std::string_view text, std::int64_t& out) noexcept {
  const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc{} && at == text.data() + text.size();
}

}  // namespace

status connection::open(const server& to, const identity& who, const patience& caller,
                        std::unique_ptr<connection>& out) noexcept {
  std::unique_ptr<connection> made(new (std::nothrow) connection);
  if (made == nullptr) return {errc::out_of_memory, 0, "allocate a connection"};
  if (const status s = stream::open(to, caller, made->stream_); !s.ok()) return s;
  if (const status s = made->introduce(who, caller); !s.ok()) return s;
  out = std::move(made);
  return {};
}

status connection::introduce(const identity& who, const patience& caller) noexcept try {
  request& all = begin();
  if (!who.password.empty()) {
    all.command(who.user.empty() ? 2 : 3).word("AUTH");
    if (!who.user.empty()) all.word(who.user);
    all.word(who.password);
  }
  if (who.database != 0) all.command(2).word("SELECT").word(who.database);
  std::array<char, id_digits + 1> drawn{};
  std::snprintf(drawn.data(), drawn.size(), "%016llx", static_cast<unsigned long long>(rma::random_number()));
  all.command(4).word("SET").word(database_key).word(std::string_view(drawn.data(), id_digits)).word("NX");
  const std::size_t steps = all.commands();
  all.command(2).word("GET").word(database_key);
  if (const status s = send(caller); !s.ok()) return s;
  reply answer;
  for (std::size_t i = 0; i < steps; ++i) {
    if (const status s = read(answer, caller); !s.ok()) return s;
    // Who may only read cannot draw a number; somebody else has.
    const bool last = i + 1 == steps;
    const bool refused =
        answer.what == reply::kind::error && (!last || answer.problem.code == errc::unreachable);
    if (refused) return answer.problem;
    if (answer.what == reply::kind::bulk || answer.what == reply::kind::array) return spoiled(not_redis);
  }
  const reply::kind told = answer.what;
  const status why = answer.problem;
  if (const status s = read(answer, caller); !s.ok()) return s;
  if (answer.what == reply::kind::error) return answer.problem;
  if (answer.what == reply::kind::nil && told == reply::kind::error) return why;
  std::array<char, id_digits> text{};
  if (answer.what != reply::kind::bulk || answer.number != std::int64_t{id_digits}) return spoiled(not_redis);
  if (const status s = read_bytes(std::as_writable_bytes(std::span(text)), caller); !s.ok()) return s;
  const auto [at, problem] = std::from_chars(text.data(), text.data() + id_digits, database_id_, 16);
  return problem == std::errc{} && at == text.data() + id_digits ? status{} : spoiled(not_redis);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "write a request"};
}

status connection::send(const patience& caller) noexcept try {
  awaited_ += static_cast<std::int64_t>(request_.commands());
  const status s = stream_.write(request_.pieces(), caller);
  return s.ok() ? s : spoiled(s);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "write a request"};
}

status connection::fill(const patience& caller) noexcept {
  if (begin_ > 0) std::memmove(buffer_.data(), &buffer_[begin_], end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  std::size_t count = 0;
  const status s =
      stream_.read_some(std::as_writable_bytes(std::span(buffer_).subspan(end_)), {}, count, caller);
  if (!s.ok()) return spoiled(s);
  end_ += count;
  return {};
}

status connection::read_line(std::string_view& line, const patience& caller) noexcept {
  for (std::size_t looked_at = 0;;) {
    const std::string_view seen(&buffer_[begin_], end_ - begin_);
    if (const auto end = seen.find('\n', looked_at); end != std::string_view::npos) {
      if (end == 0 || seen[end - 1] != '\r') return spoiled(not_redis);
      line = seen.substr(0, end - 1);
      begin_ += end + 1;
      return {};
    }
    looked_at = seen.size();
    if (looked_at >= longest_line) return spoiled(not_redis);
    if (const status s = fill(caller); !s.ok()) return s;
  }
}

status connection::read(reply& out, const patience& caller) noexcept {
  std::string_view line;
  if (begin_ == end_) begin_ = end_ = 0;
  if (const status s = read_line(line, caller); !s.ok()) return s;
  if (line.empty()) return spoiled(not_redis);
  const char kind = line.front();
  line.remove_prefix(1);
  out = {};
  --awaited_;
  switch (kind) {
    case '+': out.what = reply::kind::text; return {};
    case '-':
      out.what = reply::kind::error;
      out.problem = meaning_of_reply(line);
      return {};
    case ':': out.what = reply::kind::number; return parse(line, out.number) ? status{} : spoiled(not_redis);
    case '$':
    case '*':
      if (!parse(line, out.number) || out.number < -1 || out.number > longest_bulk) return spoiled(not_redis);
      if (out.number == -1) return {};
      out.what = kind == '$' ? reply::kind::bulk : reply::kind::array;
      awaited_ += kind == '$' ? 1 : out.number;
      return {};
    default: return spoiled(not_redis);
  }
}

status connection::read_bytes(byte_span to, const patience& caller) noexcept {
  const std::size_t here = std::min(to.size(), end_ - begin_);
  if (here > 0) std::memcpy(to.data(), &buffer_[begin_], here);
  begin_ += here;
  to = to.subspan(here);
  --awaited_;
  while (!to.empty()) {
    begin_ = end_ = 0;
    std::size_t count = 0;
    // What follows comes along, so that a small object costs one call.
    const status s = stream_.read_some(to, std::as_writable_bytes(std::span(buffer_)), count, caller);
    if (!s.ok()) return spoiled(s);
    const std::size_t mine = std::min(count, to.size());
    end_ = count - mine;
    to = to.subspan(mine);
    // A server that always has a little more would keep us here for ever.
    if (to.empty()) break;
    if (const status left = caller.left("receive from the server"); !left.ok()) return spoiled(left);
  }
  while (end_ - begin_ < 2) {
    if (const status s = fill(caller); !s.ok()) return s;
  }
  if (buffer_[begin_] != '\r' || buffer_[begin_ + 1] != '\n') return spoiled(not_redis);
  begin_ += 2;
  return {};
}

status connection::read_number(std::int64_t& out, const patience& caller) noexcept {
  reply answer;
  if (const status s = read(answer, caller); !s.ok()) return s;
  if (answer.what == reply::kind::error) return answer.problem;
  if (answer.what != reply::kind::number) return spoiled(not_redis);
  out = answer.number;
  return {};
}

status connection::read_ok(const patience& caller) noexcept {
  reply answer;
  if (const status s = read(answer, caller); !s.ok()) return s;
  if (answer.what == reply::kind::error) return answer.problem;
  return answer.what == reply::kind::text ? status{} : spoiled(not_redis);
}

}  // namespace farhold::redis
