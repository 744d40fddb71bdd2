// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "report.hpp"

#include <cinttypes>
#include <cstdio>

namespace gray_scott {
namespace {

std::string bytes_text(double bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(units)) {
    bytes /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", unit == 0 ? 0 : 1, bytes, units[unit]);
  return text;
}

std::string resolves_text(const nlohmann::json& line) {
  std::string text;
  for (const auto& [path, count] : line.at("resolves").items()) {
    text += (text.empty() ? "" : ", ") + path + " " + std::to_string(count.get<std::uint64_t>());
  }
  if (line.at("served") != 0) {
    text += (text.empty() ? "" : ", ") + std::string("served ") + line.at("served").dump();
  }
  return text.empty() ? "-" : text;
}

}  // namespace

nlohmann::json rank_line(const crew& who, const traffic& handled, double seconds, int steps) {
  nlohmann::json line{{"rank", who.rank()},
                      {"role", who.role()},
                      {"payload_bytes", handled.payload_bytes},
                      {"token_bytes", handled.token_bytes},
                      {"resolves", handled.resolves},
                      {"served", handled.served},
                      {"seconds", seconds}};
  line["steps_per_second"] =
      who.rank() < who.simulations() ? nlohmann::json(steps / seconds) : nlohmann::json();
  return line;
}

nlohmann::json gathered(const nlohmann::json& mine, MPI_Comm comm) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const std::string text = mine.dump();
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(static_cast<std::size_t>(size));
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, comm);
  std::vector<int> offsets(lengths.size());
  int total = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    offsets[i] = total;
    total += lengths[i];
  }
  std::string all(static_cast<std::size_t>(total), '\0');
  MPI_Gatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR, 0, comm);
  nlohmann::json result = nlohmann::json::array();
  for (std::size_t i = 0; rank == 0 && i < lengths.size(); ++i) {
    result.push_back(nlohmann::json::parse(
        all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i]))));
  }
  return result;
}

nlohmann::json to_json(const frame_statistics& frame) {
  char fingerprint[17];
  std::snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, frame.fingerprint);
  return {{"frame", frame.frame},      {"step", frame.step},
          {"mean_u", frame.mean_u},    {"min_u", frame.min_u},
          {"max_u", frame.max_u},      {"mean_v", frame.mean_v},
          {"min_v", frame.min_v},      {"max_v", frame.max_v},
          {"total_v", frame.total_v},  {"active_share", frame.active_share},
          {"fingerprint", fingerprint}};
}

std::string summary(const nlohmann::json& frame) {
  const auto number = [&frame](const char* name) { return frame.at(name).get<double>(); };
  char text[256];
  std::snprintf(text, sizeof text,
                "step %d: u mean %.4f, %.4f to %.4f; v mean %.4f, %.4f to %.4f, total %.1f; active %.1f %%",
                frame.at("step").get<int>(), number("mean_u"), number("min_u"), number("max_u"),
                number("mean_v"), number("min_v"), number("max_v"), number("total_v"),
                100 * number("active_share"));
  return text;
}

std::string table(const std::string& title, double seconds, const nlohmann::json& lines) {
  char row[256];
  std::snprintf(row, sizeof row, "%s: %.1f s\n", title.c_str(), seconds);
  std::string text = row;
  std::snprintf(row, sizeof row, "  %4s  %-10s  %15s  %12s  %9s  %s\n", "rank", "role", "payload handled",
                "tokens", "steps/s", "resolved over");
  text += row;
  for (const nlohmann::json& line : lines) {
    const nlohmann::json& rate = line.at("steps_per_second");
    char rate_text[32] = "-";
    if (!rate.is_null()) {
      std::snprintf(rate_text, sizeof rate_text, "%.1f", rate.get<double>());
    }
    std::snprintf(row, sizeof row, "  %4d  %-10s  %15s  %12s  %9s  %s\n", line.at("rank").get<int>(),
                  line.at("role").get<std::string>().c_str(),
                  bytes_text(line.at("payload_bytes").get<double>()).c_str(),
                  bytes_text(line.at("token_bytes").get<double>()).c_str(), rate_text,
                  resolves_text(line).c_str());
    text += row;
  }
  return text;
}

std::optional<std::string> difference(const std::vector<frame_statistics>& a,
                                      const std::vector<frame_statistics>& b) {
  if (a.size() != b.size()) {
    return std::to_string(a.size()) + " frames against " + std::to_string(b.size());
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same_bits(a[i], b[i])) {
      return to_json(a[i]).dump() + " against " + to_json(b[i]).dump();
    }
  }
  return std::nullopt;
}

}  // namespace gray_scott
