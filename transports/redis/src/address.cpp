// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "address.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace farhold::redis {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw error(errc::invalid_argument,
              "this URI of a Redis server " + why +
                  "; write redis://host:port/database, rediss://host:port/database or unix:///path?db=0");
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      const char* const begin = text.data() + i + 1;
      const char* const end = text.data() + std::min(text.size(), i + 3);
      const auto [at, problem] = std::from_chars(begin, end, byte, 16);
      if (problem != std::errc{} || at != begin + 2)
        refuse("has a '%' without two hexadecimal digits behind it");
      i += 2;
    }
    if (byte == 0) refuse("has a zero byte");
    plain += static_cast<char>(byte);
  }
  return plain;
}

std::string encoded(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 127 && c != '%' && c != '?' && c != '#') {
      out += c;
    } else {
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return out;
}

template <class Number>
Number number(std::string_view text, const char* what) {
  Number value = 0;
  const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || at != text.data() + text.size()) refuse(std::string("has no ") + what);
  return value;
}

void take_credentials(std::string_view& rest, options& how) {
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view info = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const auto colon = info.find(':');
  how.user = decoded(info.substr(0, colon));
  if (colon != std::string_view::npos) how.password = decoded(info.substr(colon + 1));
  if (how.password.empty()) refuse("names a user and no password");
}

/// host, host:port, [address]:port
void take_host(std::string_view text, options& how) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) refuse("has a '[' without a ']'");
    how.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text[0] != ':') refuse("has something behind a ']' that is no port");
    port = text.substr(std::min<std::size_t>(1, text.size()));
  } else {
    const auto colon = text.find(':');
    how.host = decoded(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (how.host.empty()) refuse("names no host");
  if (!port.empty()) how.port = number<std::uint16_t>(port, "port from 1 to 65535 behind the host");
  if (how.port == 0) refuse("has port 0");
}

}  // namespace

options options_of(uri& address) {
  options how;
  std::string_view rest = address.rest();
  take_credentials(rest, how);
  if (address.scheme() == "unix") {
    how.unix_path = decoded(rest);
    if (const auto db = address.take("db")) how.database = number<std::uint32_t>(*db, "number in 'db'");
  } else {
    const auto slash = rest.find('/');
    take_host(rest.substr(0, slash), how);
    if (slash != std::string_view::npos && slash + 1 < rest.size()) {
      how.database = number<std::uint32_t>(rest.substr(slash + 1), "number of a database behind the host");
    }
  }
  how.tls = address.scheme() == "rediss";
  if (how.tls) how.ca_file = decoded(address.take("ca").value_or(""));
  how.chunk_bytes = address.take_bytes("chunk").value_or(how.chunk_bytes);
  if (const auto ttl = address.take_time("ttl")) {
    how.time_to_live = std::chrono::duration_cast<std::chrono::milliseconds>(*ttl);
    if (how.time_to_live.count() <= 0) refuse("has a 'ttl' under a millisecond");
  }
  return how;
}

std::string uri_of(const options& how) {
  if (!how.unix_path.empty()) {
    return "unix://" + encoded(how.unix_path) + "?db=" + std::to_string(how.database);
  }
  const bool is_address = how.host.find(':') != std::string::npos;
  return (how.tls ? "rediss://" : "redis://") + (is_address ? "[" + how.host + "]" : encoded(how.host)) +
         ":" + std::to_string(how.port) + "/" + std::to_string(how.database);
}

}  // namespace farhold::redis
