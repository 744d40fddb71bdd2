// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory_resource>
#include <span>
#include <stdexcept>
#include <utility>

#include <farhold/farhold.hpp>

#include "route.hpp"

namespace farhold::bench {

namespace {

class value_route final : public route {
 public:
  void enclose(std::uint64_t item, std::uint64_t item_words, letter& into) override {
    into.words.resize(letter::head_words + item_words);
    into.write_head(item, item_words * sizeof(word));
    fill(into.body(), item_words, item * item_words);
  }
  bool take(const letter& from, std::uint64_t item_words, bool touched) override {
    return !touched ||
           (from.body_words() == item_words && right(from.body(), item_words, from.item() * item_words));
  }
};

class file_route final : public route {
 public:
  explicit file_route(const std::string& folder) : prefix_(folder + "/farhold_bench_item_") {}

  void enclose(std::uint64_t item, std::uint64_t item_words, letter& into) override {
    into.write_head(item, 0);
    memory_.resize(item_words);
    fill(memory_.data(), item_words, item * item_words);
    std::ofstream file(path(item), std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(memory_.data()),
               static_cast<std::streamsize>(item_words * sizeof(word)));
    if (!file.flush()) throw std::runtime_error("cannot write " + path(item));
  }
  bool take(const letter& from, std::uint64_t item_words, bool touched) override {
    bool good = true;
    if (touched) {
      memory_.resize(item_words);
      std::ifstream file(path(from.item()), std::ios::binary);
      file.read(reinterpret_cast<char*>(memory_.data()),
                static_cast<std::streamsize>(item_words * sizeof(word)));
      good = file.good() && right(memory_.data(), item_words, from.item() * item_words);
    }
    return std::filesystem::remove(path(from.item())) && good;
  }
  void forget() override { memory_ = {}; }

 private:
  [[nodiscard]] std::string path(std::uint64_t item) const { return prefix_ + std::to_string(item); }

  std::string prefix_;
  std::vector<word> memory_;
};

/// `T` is what a consumer resolves to.
template <class T>
class proxy_route final : public route {
 public:
  explicit proxy_route(store& through) : store_(through) {}

  void begin() override { before_ = store_.metrics(); }

  void enclose(std::uint64_t item, std::uint64_t item_words, letter& into) override {
    // Born where others can read it.
    std::pmr::vector<word> made(pattern_iterator(item * item_words),
                                pattern_iterator((item + 1) * item_words), store_.memory_resource());
    const auto p = store_.proxy(std::move(made));
    const std::vector<std::byte> token = p.to_bytes(token_form::compact);
    const bool inlined = token.size() > item_words * sizeof(word);
    if (!inlined) published_.push_back(p.key());
    into.words.resize(letter::head_words + 1 + (token.size() + sizeof(word) - 1) / sizeof(word));
    into.write_head(item, inlined ? item_words * sizeof(word) : 0);
    *into.body() = token.size();
    std::memcpy(into.body() + 1, token.data(), token.size());
  }

  bool take(const letter& from, std::uint64_t item_words, bool touched) override {
    const auto p = proxy<T>::from_bytes(std::as_bytes(std::span(from.body() + 1, from.body_words() - 1))
                                            .first(static_cast<std::size_t>(*from.body())));
    return !touched || (p->size() == item_words && right(p->data(), item_words, from.item() * item_words));
  }

  void forget() override {
    store_.evict_batch(published_);
    published_.clear();
    after_ = store_.metrics();
  }

  counts count() override {
    counts made;
    for (std::size_t i = 0; i < path_count; ++i) {
      const std::uint64_t bytes = after_.by_path[i].bytes - before_.by_path[i].bytes;
      made["resolved " + std::string(to_string(static_cast<path>(i))) + " by a consumer, B"] =
          bytes > 0 ? static_cast<double>(bytes) : not_counted;
    }
    return made;
  }

 private:
  store& store_;
  std::vector<key> published_;
  metrics before_, after_;  // of the last run
};

}  // namespace

std::unique_ptr<route> by_value() { return std::make_unique<value_route>(); }
std::unique_ptr<route> by_file(const std::string& folder) { return std::make_unique<file_route>(folder); }
std::unique_ptr<route> by_proxy(store& through, bool in_place) {
  if (in_place) return std::make_unique<proxy_route<std::span<const word>>>(through);
  return std::make_unique<proxy_route<array<word>>>(through);
}

}  // namespace farhold::bench
