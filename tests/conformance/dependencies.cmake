# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# What the component `conformance` of the installed package needs: a GoogleTest, of the user's.
if(NOT TARGET GTest::gmock)
  find_package(GTest 1.12 QUIET)
endif()
if(TARGET GTest::gmock)
  set(farhold_conformance_FOUND TRUE)
  set(farhold_conformance_DETAIL "GoogleTest with GoogleMock")
else()
  set(farhold_conformance_FOUND FALSE)
  set(farhold_conformance_DETAIL "the conformance suite needs GoogleTest 1.12 with GoogleMock (Debian: libgmock-dev)")
endif()
set(farhold_conformance_VENDOR "")  # any will do: the suite is compiled with it
