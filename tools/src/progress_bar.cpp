// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "progress_bar.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include <fmt/format.h>

#include "text.hpp"

namespace farhold::tools {

namespace {
using namespace std::chrono_literals;
constexpr auto redraw_after = 100ms;
constexpr std::string_view clear_line = "\r\x1b[K";
}  // namespace

progress_bar::progress_bar(const std::string& name, std::uint64_t total_bytes, bool shown)
    : name_(printable(name)), total_bytes_(total_bytes), shown_(shown && total_bytes > 0) {
  draw();
}

progress_bar::~progress_bar() {
  if (shown_) std::fwrite(clear_line.data(), 1, clear_line.size(), stderr);
}

void progress_bar::advance(std::uint64_t bytes) {
  done_bytes_ += bytes;
  draw();
}

std::string progress_bar::line(std::string_view name, std::uint64_t done, std::uint64_t total,
                               std::chrono::duration<double> elapsed) {
  constexpr std::size_t width = 20;
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const auto filled = static_cast<std::size_t>(part * width);
  std::string made =
      fmt::format("{:3.0f} %  [{:#<{}}{:-<{}}]  {} of {}", std::min(part * 100, done < total ? 99.0 : 100.0),
                  "", filled, "", width - filled, human_bytes(done), human_bytes(total));
  if (done > 0 && elapsed.count() > 0) {
    const double rate = static_cast<double>(done) / elapsed.count();
    made += fmt::format(", {}/s, {:.0f} s left", human_bytes(static_cast<std::uint64_t>(rate)),
                        static_cast<double>(total - done) / rate);
  }
  return made + "  " + std::string(name);
}

void progress_bar::draw() {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || now - drawn_ < redraw_after) return;
  drawn_ = now;
  const std::string text = std::string(clear_line) + line(name_, done_bytes_, total_bytes_, now - begin_);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace farhold::tools
