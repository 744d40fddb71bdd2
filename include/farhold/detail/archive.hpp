// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <boost/archive/archive_exception.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/split_member.hpp>

#include <farhold/bytes.hpp>
#include <farhold/detail/archive_pointers.hpp>
#include <farhold/detail/archive_reader.hpp>
#include <farhold/detail/archive_writer.hpp>
#include <farhold/error.hpp>

namespace farhold::detail {

/// An object to be read into exists, or is made as its class tells Boost.
template <class T>
void put_outermost(archive_writer& archive, const T& value) {
  if constexpr (std::default_initializable<T>) {
    archive << value;
  } else {
    archive.put_object(value);
  }
}

template <class T>
std::uint64_t archived_bytes(const T& value) {
  archive_writer counter;
  put_outermost(counter, value);
  return counter.written();
}

template <class T>
void write_archive(const T& value, byte_span out) {
  archive_writer archive(out);
  try {
    put_outermost(archive, value);
  } catch (const boost::archive::archive_exception& problem) {
    throw error(errc::invalid_argument,
                std::string("the object changed while it was stored: ") + problem.what());
  }
  if (archive.written() != out.size()) {
    throw error(errc::invalid_argument, "the object became smaller while it was stored");
  }
}

template <class T>
T read_archive(byte_view in) {
  const auto whole = [](const archive_reader& archive, T value) {
    if (archive.left() != 0) throw_corrupt_archive("it is longer than the object");
    return value;
  };
  try {
    archive_reader archive(in);
    if constexpr (std::default_initializable<T>) {
      T value{};
      archive >> value;
      return whole(archive, std::move(value));
    } else {
      return whole(archive, archive.take<T>());
    }
  } catch (const boost::archive::archive_exception& problem) {
    throw_corrupt_archive(problem.what());
  } catch (const std::length_error& problem) {  // a count that no container takes
    throw_corrupt_archive(problem.what());
  }
}

}  // namespace farhold::detail
