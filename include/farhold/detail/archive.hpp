// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <stdexcept>
#include <streambuf>
#include <string>

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/array.hpp>
#include <boost/serialization/complex.hpp>
#include <boost/serialization/deque.hpp>
#include <boost/serialization/list.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/set.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/unique_ptr.hpp>
#include <boost/serialization/unordered_map.hpp>
#include <boost/serialization/unordered_set.hpp>
#include <boost/serialization/utility.hpp>
#include <boost/serialization/vector.hpp>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

namespace farhold::detail {

/// Counts what an archive writes, so that the arena is asked for the exact size and nothing is buffered.
class counting_buffer final : public std::streambuf {
 public:
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 protected:
  int_type overflow(int_type c) override {
    ++count_;
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char*, std::streamsize n) override {
    count_ += static_cast<std::uint64_t>(n);
    return n;
  }

 private:
  std::uint64_t count_ = 0;
};

/// A stream buffer over memory that neither grows nor is copied.
class memory_buffer final : public std::streambuf {
 public:
  explicit memory_buffer(byte_span out) {
    char* const begin = reinterpret_cast<char*>(out.data());
    setp(begin, begin + out.size());
  }
  explicit memory_buffer(byte_view in) {
    // A get area is declared over char*, and never written through.
    char* const begin = const_cast<char*>(reinterpret_cast<const char*>(in.data()));
    setg(begin, begin, begin + in.size());
  }
  [[nodiscard]] std::size_t room() const noexcept { return static_cast<std::size_t>(epptr() - pptr()); }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(egptr() - gptr()); }
};

inline constexpr unsigned archive_flags = boost::archive::no_header | boost::archive::no_codecvt;

template <class T>
std::uint64_t archived_bytes(const T& value) {
  counting_buffer counter;
  {
    boost::archive::binary_oarchive archive(counter, archive_flags);
    archive << value;
  }
  return counter.count();
}

template <class T>
void write_archive(const T& value, byte_span out) {
  memory_buffer memory(out);
  try {
    boost::archive::binary_oarchive archive(memory, archive_flags);
    archive << value;
  } catch (const boost::archive::archive_exception& problem) {
    throw error(errc::invalid_argument,
                std::string("the object changed while it was stored: ") + problem.what());
  }
  if (memory.room() != 0) {
    throw error(errc::invalid_argument, "the object became smaller while it was stored");
  }
}

template <class T>
T read_archive(byte_view in) {
  memory_buffer memory(in);
  try {
    boost::archive::binary_iarchive archive(memory, archive_flags);
    T value{};
    archive >> value;
    if (memory.left() != 0) throw error(errc::corrupt, "the stored archive is longer than the object");
    return value;
  } catch (const boost::archive::archive_exception& problem) {
    throw error(errc::corrupt, std::string("the stored archive cannot be read: ") + problem.what());
  } catch (const std::length_error& problem) {  // a count that no container takes
    throw error(errc::corrupt, std::string("the stored archive cannot be read: ") + problem.what());
  }
}

}  // namespace farhold::detail
