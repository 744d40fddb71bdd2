// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <farhold/bytes.hpp>

#include "detail/descriptor.hpp"

namespace farhold::tools {

using farhold::detail::descriptor;

/// Where bytes go, one after the other.
///
/// Lifetime  Without `commit` nothing is left of it, where it is a file.
/// Threads   One at a time.
/// Errors    Throws std::system_error, which names the file.
class output {
 public:
  virtual ~output() = default;

  /// So many bytes more will come: reports a full disk before they are fetched.
  virtual void expect(std::uint64_t /*bytes*/) {}
  virtual void write(byte_view bytes) = 0;
  virtual void commit() {}
};

/// A pipe, a terminal, a device: written as bytes come. One that nobody reads any more ends the process as it
/// ends other commands (SIGPIPE).
class stream_output final : public output {
 public:
  stream_output(descriptor to, std::string name) : to_(std::move(to)), name_(std::move(name)) {}
  static std::unique_ptr<output> standard();

  void write(byte_view bytes) override;

 private:
  descriptor to_;
  std::string name_;
};

/// A file that appears at its place when it is whole.
class file_output final : public output {
 public:
  /// `overwrite` false: a file that is there by the time of `commit` stays, and that is an error.
  file_output(std::filesystem::path place, bool overwrite);
  file_output(const file_output&) = delete;
  file_output& operator=(const file_output&) = delete;
  ~file_output() override;

  void expect(std::uint64_t bytes) override;
  void write(byte_view bytes) override;
  void commit() override;

 private:
  [[noreturn]] void fail(int code) const;

  std::filesystem::path place_;
  std::filesystem::path unfinished_;  // empty once it has its place
  bool overwrite_;
  descriptor file_;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t expected_bytes_ = 0;
};

/// The output for `path`, which is no directory.
std::unique_ptr<output> open_output(const std::string& path);

}  // namespace farhold::tools
