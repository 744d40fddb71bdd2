// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>

// The science, which knows nothing of farhold.

namespace task_farm {

/// How often each word is there. A word is a run of ASCII letters, in lower case.
using word_counts = std::map<std::string, std::uint64_t>;

/// A part of a file. Words belong to the part in which they begin.
struct file_part {
  std::string path;
  std::uint64_t from = 0;
  std::uint64_t to = 0;  ///< behind its last byte
};

/// Throws std::system_error if the file cannot be read.
word_counts count_words(const file_part& part);

word_counts merge(const word_counts& a, const word_counts& b);

/// "COUNT WORD" a line, the most frequent first, words of the same count by the alphabet; `most` lines, 0 for
/// all.
void print(const word_counts& counts, std::size_t most, std::ostream& to);

}  // namespace task_farm
