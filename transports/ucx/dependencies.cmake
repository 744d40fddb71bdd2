# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Finds UCX, when farhold is built and when an installed farhold is used.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  # Not UCX's own package, whose config overwrites UCX_LIBRARIES and the like of others.
  pkg_check_modules(FARHOLD_UCX QUIET IMPORTED_TARGET GLOBAL ucx>=1.12)
endif()
set(farhold_ucx_FOUND ${FARHOLD_UCX_FOUND})
set(farhold_ucx_VENDOR "")
if(FARHOLD_UCX_FOUND)
  set(farhold_ucx_DETAIL "UCX ${FARHOLD_UCX_VERSION}")
else()
  set(farhold_ucx_FOUND FALSE)
  set(farhold_ucx_DETAIL "no UCX 1.12 or newer was found by pkg-config (Debian: libucx-dev)")
endif()
