// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <charconv>
#include <cmath>

#include <farhold/error.hpp>
#include <farhold/fault.hpp>

namespace farhold::fault {

namespace {

template <class Number>
void take(uri& options, std::string_view option, Number& into, const char* expected) {
  const auto text = options.take(option);
  if (!text) return;
  Number value{};
  const char* const end = text->data() + text->size();
  const auto [at, problem] = std::from_chars(text->data(), end, value);
  bool good = problem == std::errc{} && at == end;
  if constexpr (std::is_floating_point_v<Number>) good = good && value >= 0 && value <= 1;
  if (!good) {
    throw error(errc::invalid_argument,
                "option '" + std::string(option) + "' is '" + *text + "'; it should be " + expected);
  }
  into = value;
}

struct frequency {
  std::string_view option;
  double plan::*member;
};
constexpr frequency frequencies[] = {
    {"delay", &plan::delay},       {"fail", &plan::fail},           {"tear", &plan::tear},
    {"truncate", &plan::truncate}, {"duplicate", &plan::duplicate}, {"drop", &plan::drop},
    {"reorder", &plan::reorder},
};

std::string shortest(double value) {
  char text[32];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, value);
  return problem == std::errc{} ? std::string(text, end) : std::string("0");
}

}  // namespace

plan plan::take_from(uri& options) {
  plan made;
  take(options, "seed", made.seed, "a number");
  take(options, "fail_nth", made.fail_nth, "a number");
  for (const frequency& f : frequencies)
    take(options, f.option, made.*f.member, "a frequency between 0 and 1");
  made.delay_time = options.take_time("delay_time").value_or(made.delay_time);
  made.lost_time = options.take_time("lost_time").value_or(made.lost_time);
  return made;
}

std::string plan::to_options() const {
  const plan none;
  std::string text = "seed=" + std::to_string(seed);
  for (const frequency& f : frequencies) {
    if (this->*f.member > 0) text += "&" + std::string(f.option) + "=" + shortest(this->*f.member);
  }
  if (fail_nth != 0) text += "&fail_nth=" + std::to_string(fail_nth);
  if (delay_time != none.delay_time) text += "&delay_time=" + std::to_string(delay_time.count()) + "ns";
  if (lost_time != none.lost_time) text += "&lost_time=" + std::to_string(lost_time.count()) + "ns";
  return text;
}

}  // namespace farhold::fault
