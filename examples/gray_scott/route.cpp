// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "route.hpp"

namespace gray_scott {

const char* name_of(way w) {
  switch (w) {
    case way::mapped: return "mapped";
    case way::window: return "window";
    case way::value: return "value";
  }
  return "?";
}

const char* title_of(way w) {
  switch (w) {
    case way::mapped: return "by proxy, mapped path";
    case way::window: return "by proxy, MPI window";
    case way::value: return "by value, relayed by the dispatcher";
  }
  return "?";
}

std::unique_ptr<frame_route> open_route(way w, const parameters& numbers, MPI_Comm comm) {
  return w == way::value ? open_route_by_value() : open_route_by_proxy(w, numbers, comm);
}

}  // namespace gray_scott
