// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/log.hpp>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

namespace farhold {

namespace {

struct log_sink {
  std::mutex mutex;
  std::function<void(std::string_view)> handler;

  log_sink() {
    const char* const wish = std::getenv("FARHOLD_LOG");
    if (wish == nullptr || std::string_view(wish) != "stderr") return;
    handler = [](std::string_view message) {
      std::fprintf(stderr, "farhold: %.*s\n", static_cast<int>(message.size()), message.data());
    };
  }
};

log_sink& sink() {
  static log_sink* const instance = new log_sink;  // never dies: notices come from other destructors
  return *instance;
}

}  // namespace

void set_log_handler(std::function<void(std::string_view)> handler) {
  const std::scoped_lock lock(sink().mutex);
  sink().handler = std::move(handler);
}

void detail::log(std::string_view message) noexcept {
  try {
    const std::scoped_lock lock(sink().mutex);
    if (sink().handler) sink().handler(message);
  } catch (...) {  // a notice is never worth a failure
  }
}

}  // namespace farhold
