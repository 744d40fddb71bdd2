# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# farhold_transport(NAME [BUILTIN]): adds transports/NAME and a row to the table printed when configuring ends.
#
# BUILTIN transports are part of the core library and are always built. Any other has a tri-state FARHOLD_<NAME>:
#   AUTO  build it if its libraries are found        ON  build it or fail        OFF  leave it out
# and a transports/NAME/dependencies.cmake, which finds those libraries and sets
#   farhold_NAME_FOUND    whether they are there
#   farhold_NAME_DETAIL   what was found, or what is missing and how to get it: one line for a person
#   farhold_NAME_VENDOR   (optional) what must be the same where the library is used as where it was built
# The same file is installed, and find_package(farhold COMPONENTS NAME) includes it.

include_guard(GLOBAL)

function(farhold_transport name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "BUILTIN" "" "")
  set(folder "${PROJECT_SOURCE_DIR}/transports/${name}")

  if(arg_BUILTIN)
    _farhold_transport_row(${name} yes "part of the core library")
    add_subdirectory("${folder}" "${PROJECT_BINARY_DIR}/transports/${name}")
    return()
  endif()

  string(TOUPPER ${name} upper)
  set(option FARHOLD_${upper})
  set(${option} AUTO CACHE STRING "The ${name} transport: AUTO (if its libraries are found), ON (or fail), OFF")
  set_property(CACHE ${option} PROPERTY STRINGS AUTO ON OFF)
  string(TOUPPER "${${option}}" wanted)
  if(NOT wanted MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "${option} is '${${option}}'; it must be AUTO, ON or OFF.")
  endif()
  if(wanted STREQUAL OFF)
    _farhold_transport_row(${name} no "${option}=OFF")
    return()
  endif()

  include("${folder}/dependencies.cmake")
  if(NOT farhold_${name}_FOUND)
    if(wanted STREQUAL ON)
      message(FATAL_ERROR "${option}=ON, but ${farhold_${name}_DETAIL}")
    endif()
    _farhold_transport_row(${name} no "${farhold_${name}_DETAIL}")
    return()
  endif()

  _farhold_transport_row(${name} yes "${farhold_${name}_DETAIL}")
  add_subdirectory("${folder}" "${PROJECT_BINARY_DIR}/transports/${name}")
  farhold_install_component(${name} "${folder}/dependencies.cmake" "${farhold_${name}_VENDOR}")
endfunction()

function(_farhold_transport_row name built why)
  string(LENGTH "${name}" length)
  math(EXPR padding "10 - ${length}")
  string(REPEAT " " ${padding} padding)
  string(SUBSTRING "${built}  " 0 3 built)
  set_property(GLOBAL APPEND PROPERTY FARHOLD_TRANSPORT_ROWS "${name}${padding}${built}    ${why}")
endfunction()

function(farhold_print_transports)
  get_property(rows GLOBAL PROPERTY FARHOLD_TRANSPORT_ROWS)
  list(JOIN rows "\n--   " rows)
  message(STATUS "farhold ${PROJECT_VERSION} transports:\n--   transport built  why\n--   ${rows}")
endfunction()
