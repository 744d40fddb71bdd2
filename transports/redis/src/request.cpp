// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "request.hpp"

#include <array>
#include <charconv>

namespace farhold::redis {

namespace {

void append_head(std::string& text, char kind, std::size_t number) {
  std::array<char, 24> head{};
  head[0] = kind;
  char* const end = std::to_chars(head.data() + 1, head.data() + head.size(), number).ptr;
  text.append(head.data(), end).append("\r\n");
}

}  // namespace

request& request::command(std::size_t words) {
  append_head(text_, '*', words);
  ++commands_;
  return *this;
}

request& request::word(std::string_view text) {
  append_head(text_, '$', text.size());
  text_.append(text).append("\r\n");
  return *this;
}

request& request::payload(byte_view bytes) {
  append_head(text_, '$', bytes.size());
  if (bytes.size() <= copied_bytes) {
    text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } else {
    payloads_.push_back({text_.size(), bytes});
  }
  text_.append("\r\n");
  return *this;
}

std::span<iovec> request::pieces() {
  pieces_.clear();
  std::size_t from = 0;
  const auto text_until = [&](std::size_t end) {
    if (end > from) pieces_.push_back({text_.data() + from, end - from});
    from = end;
  };
  for (const placed& p : payloads_) {
    text_until(p.after);
    pieces_.push_back({const_cast<std::byte*>(p.bytes.data()), p.bytes.size()});
  }
  text_until(text_.size());
  return pieces_;
}

}  // namespace farhold::redis
