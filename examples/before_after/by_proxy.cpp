// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The message is a proxy: it knows its store and its type, and becomes the field where it is used.
#include "ways.hpp"

void by_proxy::produce(const field& made, farhold::store& store, courier& to) {
  to.send(store.proxy(made).to_string());
}

summary by_proxy::consume(courier& from) {
  return analyse(farhold::proxy<field>::from_string(from.receive()));
}
