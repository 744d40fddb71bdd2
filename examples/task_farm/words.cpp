// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "words.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <ostream>
#include <system_error>
#include <utility>
#include <vector>

namespace task_farm {

namespace {

/// The letter in lower case, or 0.
char letter(std::istream::int_type c) noexcept {
  if (c >= 'a' && c <= 'z') return static_cast<char>(c);
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return 0;
}

}  // namespace

word_counts count_words(const file_part& part) {
  std::ifstream file(part.path, std::ios::binary);
  std::uint64_t at = part.from;
  if (at > 0) {  // the word that began before is not ours
    file.seekg(static_cast<std::streamoff>(at - 1));
    while (letter(file.get()) != 0) ++at;
  }
  if (!file) throw std::system_error(errno, std::generic_category(), part.path);
  word_counts counts;
  std::string word;
  for (std::istream::int_type c = 0; c != std::char_traits<char>::eof();) {
    if (word.empty() && at >= part.to) break;
    c = file.get();
    ++at;
    if (const char next = letter(c)) {
      word += next;
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
  if (file.bad()) throw std::system_error(errno, std::generic_category(), part.path);
  return counts;
}

word_counts merge(const word_counts& a, const word_counts& b) {
  word_counts both = a;
  for (const auto& [word, count] : b) both[word] += count;
  return both;
}

void print(const word_counts& counts, std::size_t most, std::ostream& to) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.second > b.second; });
  if (most != 0 && sorted.size() > most) sorted.resize(most);
  for (const auto& [word, count] : sorted) to << count << ' ' << word << '\n';
}

}  // namespace task_farm
