# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# The installed package: farholdConfig.cmake with one component per transport and one for the conformance suite, and a
# pkg-config file for each library.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(FARHOLD_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/farhold")
set(FARHOLD_CONFORMANCE_DIR "${CMAKE_INSTALL_DATADIR}/farhold/conformance")

# farhold_install_component(NAME DEPENDENCIES VENDOR): installs the library farhold_NAME as the component NAME.
# DEPENDENCIES is the script that finds its libraries; a user's build must find the same VENDOR of them as ours.
function(farhold_install_component name dependencies vendor)
  if(NOT FARHOLD_INSTALL)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY FARHOLD_COMPONENTS ${name})
  set_property(GLOBAL APPEND_STRING PROPERTY FARHOLD_COMPONENT_VENDORS "set(_farhold_${name}_vendor \"${vendor}\")\n")
  _farhold_install_library(farhold_${name} farhold-${name}-targets)
  install(FILES "${dependencies}" DESTINATION "${FARHOLD_PACKAGE_DIR}" RENAME farhold-${name}-dependencies.cmake)
endfunction()

# farhold_install_conformance(DIRECTORY): the suite of that directory, as sources, as the component `conformance`.
function(farhold_install_conformance directory)
  if(NOT FARHOLD_INSTALL)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY FARHOLD_COMPONENTS conformance)
  set_property(GLOBAL APPEND_STRING PROPERTY FARHOLD_COMPONENT_VENDORS "set(_farhold_conformance_vendor \"\")\n")
  install(
    DIRECTORY "${directory}/"
    DESTINATION "${FARHOLD_CONFORMANCE_DIR}"
    FILES_MATCHING
    PATTERN "*.hpp"
    PATTERN "*.cpp"
    PATTERN "README.md"
    # The suites of farhold's own connectors, and tests of the suite itself.
    PATTERN "local_main.cpp" EXCLUDE
    PATTERN "mpi_*" EXCLUDE
    PATTERN "ucx_*" EXCLUDE
    PATTERN "forked_group_test.cpp" EXCLUDE)
  install(FILES "${directory}/dependencies.cmake" DESTINATION "${FARHOLD_PACKAGE_DIR}"
          RENAME farhold-conformance-dependencies.cmake)
  install(FILES "${directory}/suite.cmake" DESTINATION "${FARHOLD_PACKAGE_DIR}" RENAME farhold-conformance-suite.cmake)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/farhold-conformance-targets.cmake" @ONLY CONTENT [[
include("${CMAKE_CURRENT_LIST_DIR}/farhold-conformance-suite.cmake")
farhold_add_conformance_suite("${_farhold_prefix}/@FARHOLD_CONFORMANCE_DIR@")
]])
  install(FILES "${PROJECT_BINARY_DIR}/farhold-conformance-targets.cmake" DESTINATION "${FARHOLD_PACKAGE_DIR}")
endfunction()

# farhold_install_package(): the core library and the package's own files. After all transports.
function(farhold_install_package)
  if(NOT FARHOLD_INSTALL)
    return()
  endif()
  _farhold_install_library(farhold farhold-targets)

  get_property(components GLOBAL PROPERTY FARHOLD_COMPONENTS)
  get_property(component_vendors GLOBAL PROPERTY FARHOLD_COMPONENT_VENDORS)
  get_target_property(farhold_type farhold TYPE)
  configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/farholdConfig.cmake.in" "${PROJECT_BINARY_DIR}/farholdConfig.cmake"
    INSTALL_DESTINATION "${FARHOLD_PACKAGE_DIR}")
  # 0.x: a minor version may break its users.
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/farholdConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/farholdConfig.cmake" "${PROJECT_BINARY_DIR}/farholdConfigVersion.cmake"
          DESTINATION "${FARHOLD_PACKAGE_DIR}")

  # A static library leaves its private dependencies to whoever links it.
  if(farhold_type STREQUAL STATIC_LIBRARY)
    set(requires "libxxhash libsodium")
  else()
    set(requires_private "libxxhash libsodium")
  endif()
  farhold_install_pkgconfig(
    farhold
    DESCRIPTION "${PROJECT_DESCRIPTION}"
    REQUIRES "${requires}"
    REQUIRES_PRIVATE "${requires_private}"
    LIBS "-lfarhold -lboost_serialization -ldl -pthread"
    CFLAGS "-pthread")
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endfunction()

# farhold_install_pkgconfig(NAME DESCRIPTION .. REQUIRES .. REQUIRES_PRIVATE .. LIBS .. CFLAGS ..): NAME.pc
function(farhold_install_pkgconfig name)
  if(NOT FARHOLD_INSTALL)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESCRIPTION;REQUIRES;REQUIRES_PRIVATE;LIBS;CFLAGS" "")
  # Relative to the .pc file, so that `cmake --install --prefix` and moved trees work.
  file(RELATIVE_PATH up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
  string(REGEX REPLACE "/$" "" up "${up}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/farhold.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

function(_farhold_install_library target export)
  install(
    TARGETS ${target}
    EXPORT ${export}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT ${export} NAMESPACE farhold:: DESTINATION "${FARHOLD_PACKAGE_DIR}")
endfunction()
