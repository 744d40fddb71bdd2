// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "parameters.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <numeric>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace gray_scott {
namespace {

/// One key of the file: where it goes, what it may be, and what to tell someone who got it wrong.
struct number_key {
  std::string_view name;
  std::variant<int parameters::*, double parameters::*> member;
  double least;
  double most;
  std::string_view hint;
};

constexpr double int_max = std::numeric_limits<int>::max();

// The 9-point Laplacian used here has eigenvalues down to -1.6, so explicit Euler is stable while D * dt <= 2
// / 1.6. With time_step <= 1 the bound on the diffusion alone is enough.
constexpr std::array<number_key, 15> number_keys{{
    {"columns", &parameters::columns, 16, 16384, "384 runs on a laptop"},
    {"rows", &parameters::rows, 16, 16384, "256 runs on a laptop"},
    {"steps", &parameters::steps, 1, int_max, "patterns need about 10000"},
    {"frame_every", &parameters::frame_every, 1, int_max, "steps / 24 gives 25 frames"},
    {"frames_in_flight", &parameters::frames_in_flight, 1, 64, "2 lets computing and analysis overlap"},
    {"frame_scale", &parameters::frame_scale, 1, 8, "2 gives smooth frames"},
    {"spots", &parameters::spots, 1, 100000, "24 fills the default grid"},
    {"random_seed", &parameters::random_seed, 0, int_max, "any number will do"},
    {"feed", &parameters::feed, 0.0, 0.2, "patterns live between 0.02 and 0.06"},
    {"kill", &parameters::kill, 0.0, 0.2, "patterns live between 0.05 and 0.065"},
    {"diffusion_u", &parameters::diffusion_u, 0.0, 1.25, "1.0 is usual, above 1.25 the scheme is unstable"},
    {"diffusion_v", &parameters::diffusion_v, 0.0, 1.25, "0.5 is usual, above 1.25 the scheme is unstable"},
    {"time_step", &parameters::time_step, 1e-6, 1.0, "1.0 is usual, above it the scheme may be unstable"},
    {"active_above", &parameters::active_above, 0.0, 1.0, "0.1 tells the pattern from the background"},
    {"brightest_v", &parameters::brightest_v, 1e-6, 1.0, "0.38 suits most patterns"},
}};

constexpr std::string_view seed_image_key = "seed_image";

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

[[noreturn]] void unknown_key(const std::string& file, const std::string& key) {
  std::string_view nearest = seed_image_key;
  std::string all(seed_image_key);
  for (const number_key& known : number_keys) {
    all.append(", ").append(known.name);
    if (edit_distance(key, known.name) < edit_distance(key, nearest)) {
      nearest = known.name;
    }
  }
  std::string message = file + ": unknown key \"" + key + "\"; ";
  if (edit_distance(key, nearest) <= 3) {
    message.append("did you mean \"").append(nearest).append("\"? ");
  }
  throw input_error(message + "the keys are " + all);
}

std::string written(double number) {
  return nlohmann::json(number == static_cast<int>(number) ? nlohmann::json(static_cast<int>(number))
                                                           : nlohmann::json(number))
      .dump();
}

void read_number(const std::string& file, const number_key& key, const nlohmann::json& value,
                 parameters& into) {
  const bool whole = std::holds_alternative<int parameters::*>(key.member);
  const bool right_kind = whole ? value.is_number_integer() : value.is_number();
  if (!right_kind || value.get<double>() < key.least || value.get<double>() > key.most) {
    throw input_error(file + ": \"" + std::string(key.name) + "\" is " + value.dump() + ", but must be a " +
                      (whole ? "whole number" : "number") + " from " + written(key.least) + " to " +
                      written(key.most) + "; " + std::string(key.hint));
  }
  std::visit(
      [&](auto member) { into.*member = value.get<std::remove_reference_t<decltype(into.*member)>>(); },
      key.member);
}

}  // namespace

parameter_file read_parameters(const std::filesystem::path& path) {
  parameter_file result;
  if (path.empty()) {
    return result;
  }
  const std::string file = path.string();
  std::ifstream stream(path);
  if (!stream) {
    throw input_error(file +
                      ": cannot be opened; check the path, or leave --parameters out to use the defaults");
  }
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(stream);
  } catch (const nlohmann::json::exception& error) {
    throw input_error(file + ": is not valid JSON: " + error.what());
  }
  if (!document.is_object()) {
    throw input_error(file + ": must hold one object, such as {\"steps\": 1000}");
  }
  for (const auto& [name, value] : document.items()) {
    if (name == seed_image_key) {
      if (!value.is_string()) {
        throw input_error(file + ": \"seed_image\" is " + value.dump() +
                          ", but must be the path of a PNG file");
      }
      // Relative to the file that says it, so that a parameter file and its picture can move together.
      result.seed_image = path.parent_path() / value.get<std::string>();
      continue;
    }
    const auto known = std::find_if(number_keys.begin(), number_keys.end(),
                                    [&name = name](const number_key& key) { return key.name == name; });
    if (known == number_keys.end()) {
      unknown_key(file, name);
    }
    read_number(file, *known, value, result.numbers);
  }
  if (result.numbers.frame_every > result.numbers.steps) {
    throw input_error(file + ": \"frame_every\" is " + std::to_string(result.numbers.frame_every) +
                      ", more than \"steps\" (" + std::to_string(result.numbers.steps) +
                      "): there would be no frame after the first; lower it");
  }
  return result;
}

nlohmann::json to_json(const parameters& numbers) {
  nlohmann::json result;
  for (const number_key& key : number_keys) {
    std::visit([&](auto member) { result[std::string(key.name)] = numbers.*member; }, key.member);
  }
  return result;
}

}  // namespace gray_scott
