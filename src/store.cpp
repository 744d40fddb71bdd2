// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/store.hpp>

#include <farhold/registry.hpp>

#include "detail/store_names.hpp"

namespace farhold {

store::store(std::string name, std::unique_ptr<connector> connector, const store_options& options)
    : core_(std::make_shared<detail::store_core>(std::move(name), std::move(connector), options)) {
  registry::global().add(core_);
}

store::store(std::string name, const store_options& options)
    : store(std::move(name), registry::global().open(default_uri), options) {}

store store::open(std::string name, std::string_view uri, const store_options& options) {
  return {std::move(name), registry::global().open(uri), options};
}

store& store::operator=(store&& other) noexcept {
  if (core_ != nullptr && core_ != other.core_) registry::global().remove(*core_);
  core_ = std::move(other.core_);
  return *this;
}

store::~store() {
  if (core_ != nullptr) registry::global().remove(*core_);
}

void store::close(const call_options& call) {
  registry::global().remove(*core_);
  core_->close(call);
}

}  // namespace farhold
