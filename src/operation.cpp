// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/operation.hpp>

#include "detail/background.hpp"

namespace farhold {

operation::operation(detail::lazy& what, const call_options& call)
    : job_(new detail::background_resolve(what, call)) {
  detail::resolve_in_background(job_);
}

bool operation::ready() const noexcept { return job_->over(); }

void operation::wait() {
  if (job_->start()) {
    detail::resolve_work mine = job_->work();
    detail::resolve_together({&mine, 1});
    job_->finish(std::move(mine.problem));
  }
  job_->await();
  if (const std::exception_ptr problem = job_->problem()) std::rethrow_exception(problem);
}

void operation::cancel() noexcept { job_->cancel(); }

errc operation::outcome() const noexcept {
  const std::exception_ptr problem = job_->problem();
  if (problem == nullptr) return errc::ok;
  try {
    std::rethrow_exception(problem);
  } catch (const error& farholds) {
    return farholds.kind();
  } catch (...) {
    return errc::transport_failure;
  }
}

void detail::prefetch(lazy& what, const call_options& call) {
  if (!what.made()) resolve_in_background(new background_resolve(what, call));
}

}  // namespace farhold
