// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <mpi.h>

#include "analysis.hpp"
#include "mail.hpp"
#include "parameters.hpp"

namespace gray_scott {

/// The three ways from the memory of a simulation rank to the analysis.
enum class way { mapped, window, value };
inline constexpr std::array all_ways{way::mapped, way::window, way::value};
const char* name_of(way w);   // as in --only
const char* title_of(way w);  // as in the table

/// What one rank had to do with the bytes of one run.
struct traffic {
  std::uint64_t payload_bytes = 0;
  std::uint64_t token_bytes = 0;
  std::map<std::string, std::uint64_t> resolves;  // by the path each took
  std::uint64_t served = 0;                       // requests this rank answered for others to read its memory
};

/// How a field travels. A letter goes from a simulation rank to the dispatcher to the analysis in all three
/// ways; the route decides only what is in it. route_by_value.cpp and route_by_proxy.cpp, read side by side,
/// are what it takes to move a program to farhold.
class frame_route {
 public:
  frame_route() = default;
  frame_route(const frame_route&) = delete;
  frame_route& operator=(const frame_route&) = delete;
  virtual ~frame_route() = default;

  /// Simulation: the letter that stands for these two fields.
  virtual std::vector<std::byte> enclose(const frame_descriptor& about, std::vector<double> u,
                                         std::vector<double> v) = 0;
  /// Simulation: the analysis is done with this frame.
  virtual void retire(std::int32_t frame) = 0;
  /// Analysis: calls frame.add() with the two fields.
  virtual void deliver(const letter& mail, frame_analysis& frame) = 0;
  /// Collective: every rank calls it at the end of a run.
  virtual void close() = 0;

  const traffic& counted() const { return traffic_; }

 protected:
  traffic traffic_;
};

/// Collective over `comm`, whose last two ranks are dispatcher and analysis.
std::unique_ptr<frame_route> open_route(way w, const parameters& numbers, MPI_Comm comm);

std::unique_ptr<frame_route> open_route_by_value();
std::unique_ptr<frame_route> open_route_by_proxy(way w, const parameters& numbers, MPI_Comm comm);

}  // namespace gray_scott
