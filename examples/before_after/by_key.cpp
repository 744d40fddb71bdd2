// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The message is a key: the consumer has to know which store it is of and which type it stands for.
#include <span>
#include <vector>

#include "ways.hpp"

void by_key::produce(const field& made, farhold::store& store, courier& to) {
  const farhold::key object = store.put(made);
  std::string message(object.encoded_bytes(), '\0');
  object.encode(reinterpret_cast<std::byte*>(message.data()));
  to.send(message);
}

summary by_key::consume(farhold::store& store, courier& from) {
  const std::string message = from.receive();
  farhold::byte_view bytes = std::as_bytes(std::span(message));
  const farhold::key object = farhold::key::decode(bytes);
  const field values = store.get<field>(object);
  return analyse(values);
}
