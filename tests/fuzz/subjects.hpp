// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>
#include <valarray>
#include <variant>
#include <vector>

#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/valarray.hpp>

#include <farhold/farhold.hpp>

// What the fuzzers decode, and what their seeds are made of.

namespace fuzz {

struct plain {
  double x = 0;
  int id = 0;
};

struct base {
  std::string name;
  base() = default;
  base(const base&) = default;
  base& operator=(const base&) = default;
  virtual ~base() = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name;
  }
};
struct other_base {
  long number = 0;
  virtual ~other_base() = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& number;
  }
};
struct derived final : other_base, base {
  std::vector<double> values;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& boost::serialization::base_object<other_base>(*this);
    archive& boost::serialization::base_object<base>(*this);
    archive& values;
  }
};

struct tree {
  bool leaf = true;
  std::vector<tree> children;
  std::unique_ptr<tree> side;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& leaf& children& side;
  }
};

struct own_form {
  std::uint16_t value = 0;
};

/// Everything that an archive tells apart. No shared pointers that could close a ring, which nobody would
/// free.
struct rich {
  using value = std::variant<std::monostate, bool, double, std::string, std::vector<plain>, own_form>;
  std::map<std::string, std::vector<std::optional<value>>> table;
  std::vector<std::shared_ptr<base>> shared;
  std::tuple<std::shared_ptr<other_base>, std::shared_ptr<const std::string>, std::weak_ptr<derived>> more;
  std::unique_ptr<base> owned;
  tree root;
  std::vector<bool> bits;
  std::array<bool, 2> flags = {};
  std::pair<std::filesystem::path, std::chrono::nanoseconds> file;
  std::unordered_map<std::u16string, std::deque<std::list<int>>> nested;
  std::valarray<double> array;
  std::priority_queue<int> queue;
  std::optional<farhold::proxy<std::vector<double>>> field;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& table& shared& more& owned& root& bits& flags& file& nested& array& queue& field;
  }
};

/// Registered factories: one that travels as it lies, one by its archive.
struct line {
  double from = 0;
  int count = 0;
  std::vector<double> operator()() const { return {from}; }
};
struct words {
  std::vector<std::string> all;
  std::string operator()() const { return all.empty() ? "" : all.front(); }
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& all;
  }
};
inline void register_factories() {
  farhold::register_factory<line>("line/1");
  farhold::register_factory<words>("words/1");
}

}  // namespace fuzz

template <>
struct farhold::serializer<fuzz::own_form> {
  static std::uint64_t size_bytes(const fuzz::own_form&) { return 2; }
  static void write(const fuzz::own_form& o, byte_span out) { std::memcpy(out.data(), &o.value, 2); }
  static fuzz::own_form read(byte_view in) {
    if (in.size() != 2) throw error(errc::corrupt, "two bytes");
    fuzz::own_form o;
    std::memcpy(&o.value, in.data(), 2);
    return o;
  }
};

BOOST_CLASS_EXPORT(fuzz::derived)
