// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "entrance.hpp"

#include <cstdlib>
#include <string_view>

#include <farhold/error.hpp>

namespace farhold::rma {

namespace {

/// What the environment says `key` is; "" if nothing.
std::string_view environment(const char* key) noexcept {
  const char* const said = std::getenv(key);
  return said != nullptr ? said : "";
}

bool anyone_is_admitted(admit who) {
  const std::string_view said = environment("FARHOLD_ADMIT");
  if (who == admit::anyone || said == "anyone") return true;
  if (said.empty()) return false;
  throw error(errc::invalid_argument, "FARHOLD_ADMIT is '" + std::string(said) + "'; it may be 'anyone'");
}

}  // namespace

entrance entrance::of(const std::string& address, const std::string& secret, const std::string& secret_file,
                      admit who) {
  entrance made;
  made.secret = job_secret::find(secret, secret_file);
  made.for_others = made.secret.given() || anyone_is_admitted(who);
  made.where = listening_address(address, made.for_others);
  if (!made.for_others && !made.where.is_loopback()) {
    throw error(
        errc::invalid_argument,
        "a store that others can reach, at " + made.where.to_string() +
            ", needs a job secret: set FARHOLD_SECRET_FILE, or options::secret_file, to a file with the "
            "same random bytes for all processes of the job; or FARHOLD_ADMIT=anyone, if whoever can "
            "connect may read");
  }
  return made;
}

reach reach_by_environment() noexcept {
  const bool known = !environment("FARHOLD_SECRET").empty() || !environment("FARHOLD_SECRET_FILE").empty();
  return known || environment("FARHOLD_ADMIT") == "anyone" ? reach::network : reach::host;
}

}  // namespace farhold::rma
