# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# What every target of farhold's own has in common: language, warnings, sanitizers, compiler cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(FARHOLD_SANITIZE "" CACHE STRING "Sanitizers for the whole build: empty, thread, or address,undefined")

if(PROJECT_IS_TOP_LEVEL)
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
  endif()

  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

  find_program(FARHOLD_CCACHE ccache)
  mark_as_advanced(FARHOLD_CCACHE)
  if(FARHOLD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # What is made with precompiled headers is kept if this is said (ccache(1), "Precompiled headers").
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${FARHOLD_CCACHE}")
  endif()

  if(FARHOLD_SANITIZE)
    # The whole build: a sanitizer that sees half of the code reports nonsense.
    add_compile_options(-fsanitize=${FARHOLD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${FARHOLD_SANITIZE})
  endif()
endif()

add_library(farhold_warnings INTERFACE)
target_compile_options(
  farhold_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                             $<$<BOOL:${FARHOLD_WERROR}>:-Werror>)

# farhold_library(TARGET): the settings shared by the core and the transports' libraries. The target <base>_<name> is
# exported as <base>::<name>, the core as farhold::farhold.
function(farhold_library target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # Warnings are nobody's business but ours: BUILD_INTERFACE keeps them out of the exported package.
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:farhold_warnings>)
  string(REGEX REPLACE "^farhold_" "" export_name ${target})
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${export_name}
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               # No <target>_EXPORTS: nobody asks for it, and without it static and shared objects are the same.
               DEFINE_SYMBOL "")
endfunction()
