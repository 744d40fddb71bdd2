// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "admission.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <farhold/error.hpp>

#include "../detail/wire.hpp"

namespace farhold::rma {

namespace {

unsigned char* raw(std::byte* bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes);
}

/// Before anything else of libsodium; again does no harm.
void start_sodium() noexcept {
  if (::sodium_init() < 0) std::abort();  // no randomness: its manual
}

constexpr std::string_view secret_label = "farhold job secret 1";
constexpr std::string_view proof_label = "farhold proof 1";
constexpr std::string_view keys_label = "farhold keys 1";

std::array<std::byte, 32> hash(const std::array<std::byte, 32>& key, byte_view said) noexcept {
  std::array<std::byte, 32> out;
  static_cast<void>(::crypto_generichash(raw(out.data()), out.size(), raw(said.data()), said.size(),
                                         raw(key.data()), key.size()));
  return out;
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

content_digest digest_of(byte_view bytes) noexcept {
  content_digest out;
  static_cast<void>(
      ::crypto_generichash(raw(out.data()), out.size(), raw(bytes.data()), bytes.size(), nullptr, 0));
  return out;
}

job_secret::job_secret() noexcept { start_sodium(); }

job_secret job_secret::from_text(std::string_view text) {
  if (text.size() < shortest) {
    throw error(errc::invalid_argument, "the job secret has " + std::to_string(text.size()) +
                                            " bytes and must have at least " + std::to_string(shortest) +
                                            ", best random ones: head -c 32 /dev/urandom | base64");
  }
  job_secret made;
  static_cast<void>(::crypto_generichash(
      raw(made.key_.data()), made.key_.size(), reinterpret_cast<const unsigned char*>(text.data()),
      text.size(), reinterpret_cast<const unsigned char*>(secret_label.data()), secret_label.size()));
  made.given_ = true;
  return made;
}

job_secret job_secret::from_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw error(errc::invalid_argument,
                "cannot read the job secret from " + path + ": " + std::strerror(errno));
  struct stat found {};
  std::array<char, 4096> text{};
  const bool known = ::fstat(file, &found) == 0;
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  if (!known || size < 0) throw error(errc::invalid_argument, "cannot read the job secret from " + path);
  if (S_ISREG(found.st_mode) && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw error(errc::permission,
                "the job secret in " + path +
                    " is open to others than its owner; chmod 600 it, and better draw a new one");
  }
  std::string_view secret(text.data(), static_cast<std::size_t>(size));
  while (!secret.empty() && std::strchr(" \t\r\n", secret.back()) != nullptr) secret.remove_suffix(1);
  job_secret made = from_text(secret);
  ::sodium_memzero(text.data(), text.size());
  return made;
}

job_secret job_secret::find(const std::string& text, const std::string& file) {
  if (!text.empty()) return from_text(text);
  if (!file.empty()) return from_file(file);
  if (const std::string found = environment("FARHOLD_SECRET"); !found.empty()) return from_text(found);
  if (const std::string found = environment("FARHOLD_SECRET_FILE"); !found.empty()) return from_file(found);
  return {};
}

handshake::nonce handshake::draw() noexcept {
  nonce drawn;
  ::randombytes_buf(drawn.data(), drawn.size());
  return drawn;
}

handshake::handshake(const job_secret& secret, role mine, std::uint64_t incarnation, const nonce& of_caller,
                     const nonce& of_producer) noexcept {
  constexpr std::size_t longest_label = 24;
  const auto derive = [&](std::string_view label, role whose) noexcept {
    std::array<std::byte, longest_label + 1 + 8 + 2 * sizeof(nonce)> said{};
    wire::writer to(said.data());
    to.put_text(label);
    to.put(std::byte{0});
    to.put(static_cast<std::uint8_t>(whose));
    to.put(incarnation);
    to.put(of_caller);
    to.put(of_producer);
    return hash(secret.key_, byte_view(said.data(), static_cast<std::size_t>(to.end() - said.data())));
  };
  static_assert(secret_label.size() + 1 <= longest_label && proof_label.size() + 1 <= longest_label &&
                keys_label.size() + 1 <= longest_label);
  const role other = mine == role::caller ? role::producer : role::caller;
  mine_ = derive(proof_label, mine);
  theirs_ = derive(proof_label, other);
  const auto half = [&](role whose) noexcept {
    half_key key;
    const auto whole = derive(keys_label, whose);
    std::memcpy(key.data(), whole.data(), key.size());
    return key;
  };
  sending_ = half(mine);
  receiving_ = half(other);
}

bool handshake::proves(const proof& theirs) const noexcept {
  return ::sodium_memcmp(theirs.data(), theirs_.data(), theirs_.size()) == 0;
}

message_tag handshake::tag_to_send(byte_view said) const noexcept {
  message_tag tag;
  static_assert(sizeof tag == crypto_shorthash_siphashx24_BYTES &&
                sizeof(half_key) == crypto_shorthash_siphashx24_KEYBYTES);
  static_cast<void>(
      ::crypto_shorthash_siphashx24(raw(tag.data()), raw(said.data()), said.size(), raw(sending_.data())));
  return tag;
}

bool handshake::is_theirs(byte_view said, const message_tag& tag) const noexcept {
  message_tag expected;
  static_cast<void>(::crypto_shorthash_siphashx24(raw(expected.data()), raw(said.data()), said.size(),
                                                  raw(receiving_.data())));
  return ::sodium_memcmp(expected.data(), tag.data(), tag.size()) == 0;
}

}  // namespace farhold::rma
