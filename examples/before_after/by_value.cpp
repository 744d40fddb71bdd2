// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The message is the data: whoever carries it, carries all of it.
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "ways.hpp"

void by_value::produce(const field& made, courier& to) {
  const std::uint64_t count = made.size();
  std::string message(sizeof count + count * sizeof(double), '\0');
  std::memcpy(message.data(), &count, sizeof count);
  if (count > 0) std::memcpy(message.data() + sizeof count, made.data(), count * sizeof(double));
  to.send(message);
}

summary by_value::consume(courier& from) {
  const std::string message = from.receive();
  std::uint64_t count = 0;
  if (message.size() < sizeof count) throw std::runtime_error("the message has no length");
  std::memcpy(&count, message.data(), sizeof count);
  if (count != (message.size() - sizeof count) / sizeof(double))
    throw std::runtime_error("the message is cut");
  field values(count);
  if (count > 0) std::memcpy(values.data(), message.data() + sizeof count, count * sizeof(double));
  return analyse(values);
}
