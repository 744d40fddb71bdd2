# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# farhold_add_conformance_suite(DIRECTORY): the object library farhold::conformance, from the sources in DIRECTORY.
#
# Used in farhold's own build, and installed: the suite is compiled where it is used, with the compiler, the flags and
# the GoogleTest of whoever tests a connector. A built library would fit one GoogleTest alone, and out of a static
# archive the linker would leave every test that nobody names.

function(farhold_add_conformance_suite directory)
  if(TARGET farhold_conformance)
    return()
  endif()
  set(sources batch_test capacity_test forked_group lifetime_test limits_test load_test paths_test suite values_test)
  list(TRANSFORM sources PREPEND "${directory}/")
  list(TRANSFORM sources APPEND .cpp)
  add_library(farhold_conformance OBJECT EXCLUDE_FROM_ALL ${sources})
  add_library(farhold::conformance ALIAS farhold_conformance)
  # <conformance/backend.hpp>, so that the names of its headers are in nobody's way.
  get_filename_component(above "${directory}" DIRECTORY)
  target_include_directories(farhold_conformance PUBLIC "${above}")
  target_link_libraries(farhold_conformance PUBLIC farhold::farhold GTest::gmock)
endfunction()
