// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>

#include <farhold/connector.hpp>
#include <farhold/uri.hpp>

// Connectors in shared objects, which programs find at run time by the scheme of a URI.
//
// A program that is to open "folder://…" and knows no such scheme looks for libfarhold_connector_folder.so in
// the directories of FARHOLD_PLUGIN_PATH (absolute, separated by ':'), and in it for a
// `farhold_connector_plugin`. A plug-in stays loaded until the process ends. One that it must not believe is
// refused: wrong magic, sizes or ABI, another scheme, or a file or directory that anybody but its owner and
// root could have written.
//
//     FARHOLD_CONNECTOR_PLUGIN("folder", folder::open)   // std::unique_ptr<farhold::connector>
//     open(farhold::uri&)

namespace farhold {

/// What a plug-in says of itself. Plain C, and looked at from the front: nothing behind a member that does
/// not fit is believed.
struct plugin_descriptor {
  static constexpr std::uint64_t right_magic = 0x50'64'6c'6f'68'72'61'66;  // "farholdP"
  static constexpr std::uint32_t right_version = 1;

  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t struct_bytes;
  std::uint64_t connector_abi;  ///< see below
  const char* farhold_version;  ///< for messages
  const char* schemes;          ///< separated by ','
  /// Makes a `farhold::connector` of a `farhold::uri`, whose options it takes. Returns an errc; if that is
  /// not ok, there is a message, which ends with a 0.
  std::int32_t (*open)(void* uri, void** made, char* message, std::size_t message_bytes);
};

namespace detail {

/// Differs where a connector of one program would be misread by another: compiled with another farhold,
/// another ABI of the compiler, or another layout of what they exchange.
constexpr std::uint64_t connector_abi() noexcept {
  // Counts changes that no size tells: of virtual functions, of members.
  constexpr std::uint64_t revision = 3;
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](std::uint64_t value) {
    hash ^= value;
    hash *= 0x100000001b3U;
  };
  add(revision);
  // GCC and clang follow one ABI and number it differently; what they may disagree in is the library.
#ifdef _LIBCPP_VERSION
  add(_LIBCPP_VERSION);
#endif
#ifdef _GLIBCXX_USE_CXX11_ABI
  add(_GLIBCXX_USE_CXX11_ABI);
#endif
  for (const std::size_t size :
       {sizeof(connector), sizeof(landing), sizeof(key), sizeof(call_limits), sizeof(pin),
        sizeof(reservation), sizeof(resident), sizeof(read_request), sizeof(key_request),
        sizeof(connector_capabilities), sizeof(metrics), sizeof(uri), sizeof(status)}) {
    add(size);
  }
  return hash;
}

/// No exception leaves a plug-in: its types may be another copy of ours.
template <auto Open>
std::int32_t open_for_host(void* address, void** made, char* message, std::size_t message_bytes) noexcept {
  const auto say = [&](std::string_view text) {
    if (message_bytes == 0) return;
    const std::size_t size = std::min(text.size(), message_bytes - 1);
    std::copy_n(text.data(), size, message);
    message[size] = 0;
  };
  errc kind = errc::transport_failure;
  try {
    std::unique_ptr<connector> opened = Open(*static_cast<uri*>(address));
    if (opened == nullptr) {
      say("it made no connector");
    } else {
      *made = opened.release();
      kind = errc::ok;
    }
  } catch (const error& problem) {
    kind = problem.kind();
    std::string_view text = problem.what();
    text = text.substr(0, text.rfind(": "));  // the kind's name, which the host adds again
    say(text);
  } catch (const std::exception& problem) {
    say(problem.what());
  } catch (...) {
    say("it threw something");
  }
  return static_cast<std::int32_t>(kind);
}

extern const char* const library_version;

}  // namespace detail

}  // namespace farhold

/// Once in a shared object, at namespace scope: the schemes ("redis,rediss") and the function that opens
/// them.
#define FARHOLD_CONNECTOR_PLUGIN(schemes_text, opener)                                                       \
  extern "C" {                                                                                               \
  extern __attribute__((visibility("default"))) const ::farhold::plugin_descriptor farhold_connector_plugin; \
  const ::farhold::plugin_descriptor farhold_connector_plugin = {                                            \
      ::farhold::plugin_descriptor::right_magic, ::farhold::plugin_descriptor::right_version,                \
      sizeof(::farhold::plugin_descriptor),      ::farhold::detail::connector_abi(),                         \
      ::farhold::detail::library_version,        schemes_text,                                               \
      &::farhold::detail::open_for_host<opener>};                                                            \
  }                                                                                                          \
  static_assert(true)
