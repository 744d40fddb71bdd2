// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

#include <farhold/farhold.hpp>

#include "analysis.hpp"

/// What the two stages have between them: a queue, a message of MPI, a token of a workflow engine.
class courier {
 public:
  courier() = default;
  courier(const courier&) = delete;
  courier& operator=(const courier&) = delete;
  virtual ~courier() = default;
  virtual void send(const std::string& message) = 0;
  virtual std::string receive() = 0;
};

// Each way is its two stages.

namespace by_value {
void produce(const field& made, courier& to);
summary consume(courier& from);
}  // namespace by_value

namespace by_key {
void produce(const field& made, farhold::store& store, courier& to);
summary consume(farhold::store& store, courier& from);
}  // namespace by_key

namespace by_path {
void produce(const field& made, courier& to);
summary consume(courier& from);
}  // namespace by_path

namespace by_proxy {
void produce(const field& made, farhold::store& store, courier& to);
summary consume(courier& from);
}  // namespace by_proxy
