// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What lies in a directory under an object's name. The object asked for is the one that a whole file would be
// of, so that all of the file is read whenever its size is right.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>
#include <unistd.h>

#include <farhold/key.hpp>

#include "file/src/object_file.hpp"
#include "kept_landing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farhold;
  static const int fd = ::memfd_create("object", MFD_CLOEXEC);
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  file::object_header header;
  if (size >= sizeof header) std::memcpy(&header, data, sizeof header);
  const file::key_maker keys(7);
  const key object = keys.make(header.name, {header.type}, header.size_bytes, 0);
  if (!keys.name_in(object) || file::key_maker(8).name_in(object)) std::abort();
  fuzz::kept_landing where;
  const status s = file::read_object(fd, header.name, object, where, {std::chrono::seconds(1), {}});
  if (!s.ok()) return 0;
  const auto payload = std::as_bytes(std::span(data, size)).subspan(sizeof header);
  if (!std::equal(payload.begin(), payload.end(), where.bytes().begin(), where.bytes().end())) std::abort();
  return 0;
}
