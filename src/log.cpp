// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/log.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

#include <farhold/detail/process_mutex.hpp>

namespace farhold {

namespace {

using log_handler = std::function<void(std::string_view)>;

class log_sink {
 public:
  log_sink() {
    const char* const wish = std::getenv("FARHOLD_LOG");
    if (wish == nullptr || std::string_view(wish) != "stderr") return;
    handler_ = std::make_shared<const log_handler>([](std::string_view message) {
      std::fprintf(stderr, "farhold: %.*s\n", static_cast<int>(message.size()), message.data());
    });
  }

  void set(log_handler handler) {
    auto made = std::make_shared<const log_handler>(std::move(handler));  // and the former one, afterwards
    const std::scoped_lock no_call(calling_.of_this_process());
    const std::scoped_lock lock(mutex_);
    handler_.swap(made);
  }
  void call(std::string_view message) {
    const std::scoped_lock one_at_a_time(calling_.of_this_process());
    const std::shared_ptr<const log_handler> handler = current();
    if (handler != nullptr && *handler) (*handler)(message);
  }

 private:
  std::shared_ptr<const log_handler> current() {
    const std::scoped_lock lock(mutex_);
    return handler_;
  }

  detail::replaced_mutex calling_;
  detail::process_mutex mutex_;
  std::shared_ptr<const log_handler> handler_;
};

log_sink& sink() {
  static log_sink* const instance = new log_sink;  // never dies: notices come from other destructors
  return *instance;
}

}  // namespace

void set_log_handler(std::function<void(std::string_view)> handler) { sink().set(std::move(handler)); }

void detail::log(std::string_view message) noexcept {
  try {
    sink().call(message);
  } catch (...) {  // a notice is never worth a failure
  }
}

}  // namespace farhold
