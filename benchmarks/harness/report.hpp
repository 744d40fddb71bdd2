// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <fstream>
#include <iosfwd>
#include <string>

#include "command_line.hpp"
#include "measure.hpp"
#include "provenance.hpp"

namespace farhold::bench {

/// What one program measures: a table on a stream, and a line of JSON for each comparison if a file was
/// named.
///
/// Errors    A body with wrong bytes ends the comparison, not the program; `exit_code` tells of it.
class report {
 public:
  /// `more` are conditions that the program knows: versions of its fabrics, transports.
  report(const options& how, const provenance& more, std::ostream& out);

  /// Whether a comparison of that name is asked for, so that nothing need be prepared for one that is not.
  [[nodiscard]] bool wanted(const std::string& name) const;
  /// Measures it, if it is asked for. False if a body's bytes were wrong.
  bool compare(const comparison& what);
  /// A line of words between the rows.
  void remark(const std::string& text);
  /// A comparison, or a body of one, that cannot be measured here.
  void not_built(const std::string& name, const std::string& why);
  /// A check of the program's own that failed.
  void fail(const std::string& what);

  /// 0, or 1 if any check failed, or nothing was measured at all.
  [[nodiscard]] int exit_code() const;

 private:
  void print(const result& r);
  void write_json(const result& r);

  options how_;
  provenance conditions_;
  std::ostream& out_;
  std::ofstream json_;
  std::size_t measured_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace farhold::bench
