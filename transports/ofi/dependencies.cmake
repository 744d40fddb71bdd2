# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Finds libfabric, when farhold is built and when an installed farhold is used.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(FARHOLD_OFI QUIET IMPORTED_TARGET GLOBAL libfabric>=1.14)
endif()
set(farhold_ofi_FOUND ${FARHOLD_OFI_FOUND})
set(farhold_ofi_VENDOR "")
if(FARHOLD_OFI_FOUND)
  set(farhold_ofi_DETAIL "libfabric ${FARHOLD_OFI_VERSION}")
else()
  set(farhold_ofi_FOUND FALSE)
  set(farhold_ofi_DETAIL "no libfabric 1.14 or newer was found by pkg-config (Debian: libfabric-dev)")
endif()
