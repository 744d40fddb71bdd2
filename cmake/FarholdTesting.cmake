# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# farhold_add_test(NAME SOURCES a.cpp ... [LIBRARIES ...] [LABELS ...] [TIMEOUT seconds] [ENVIRONMENT A=b ...])
#   A GoogleTest program of one process: one ctest of that name, labelled `unit` unless LABELS says otherwise.
#
# farhold_add_mpi_test(NAME SOURCES a.cpp ... | TARGET executable   NP 1 2 3 4
#                      [LIBRARIES ...] [ARGS ...] [LABELS ...] [TIMEOUT seconds] [ENVIRONMENT A=b ...] [VARIANT v])
#   An MPI program, built once, and one ctest NAME[.v].np<N> for each number of processes, labelled `mpi` besides LABELS.
#   Links GoogleTest but no main: put farhold_test_mpi_main in LIBRARIES for one that initialises MPI and checks
#   FARHOLD_TEST_WORLD_SIZE, or write one that does. With TARGET and VARIANT the same program runs again with other ARGS
#   or ENVIRONMENT. Does nothing if the build has no MPI. The target mpi_tests builds all of them.
#
# farhold_add_script_test(NAME COMMAND program args ... [LABELS ...] [TIMEOUT seconds] [ENVIRONMENT A=b ...])
#   Any other program.
#
# farhold_as_test_code(TARGET): for a program that is not made by one of these.
#
# Test code is built for many presets and takes most of the time: it is not optimised, unlike the libraries that it
# tests, and the headers that nearly all of it includes are compiled once. CMAKE_DISABLE_PRECOMPILE_HEADERS=ON does without.
#
# The label `extended` keeps a test out of ordinary runs. TIMEOUT is 60 s by default; sanitizers get four times as long.

include_guard(GLOBAL)

find_package(GTest 1.12 REQUIRED)

set(FARHOLD_TEST_SUPPORT_DIR "${PROJECT_SOURCE_DIR}/tests/support")

set(FARHOLD_TEST_ENVIRONMENT "")
set(FARHOLD_TEST_TIMEOUT_FACTOR 1)
set(FARHOLD_TEST_LAUNCHER "")
if(FARHOLD_SANITIZE)
  set(FARHOLD_TEST_TIMEOUT_FACTOR 4)
  list(APPEND FARHOLD_TEST_ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1" "TSAN_OPTIONS=second_deadlock_stack=1")
endif()
if(FARHOLD_SANITIZE MATCHES "thread" AND EXISTS "/proc/sys/vm/mmap_rnd_bits")
  # With more random bits in addresses than its shadow memory expects, TSan of GCC 12 and clang 14 dies at start.
  file(READ "/proc/sys/vm/mmap_rnd_bits" random_bits)
  if(random_bits GREATER 28)
    set(FARHOLD_TEST_LAUNCHER setarch -R)
  endif()
endif()

set(FARHOLD_MPI_TEST_FLAGS "")
set(FARHOLD_MPI_TEST_ENVIRONMENT "")
if(FARHOLD_MPI_VENDOR STREQUAL "Open MPI")
  set(FARHOLD_MPI_TEST_ENVIRONMENT
      # Containers run as root, which mpirun refuses unless told twice.
      OMPI_ALLOW_RUN_AS_ROOT=1
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
      # More ranks than cores.
      OMPI_MCA_rmaps_base_oversubscribe=1
      # Bound ranks would have their progress thread on the core where the rank computes.
      OMPI_MCA_hwloc_base_binding_policy=none
      # Two ranks with a progress thread each on two cores: 500 requests take 0.3 s with it and 2.3 s without.
      OMPI_MCA_mpi_yield_when_idle=1)
elseif(FARHOLD_MPI_VENDOR STREQUAL "MPICH" AND NOT FARHOLD_SANITIZE)
  # MPICH has no such setting and spins: 2000 barriers of 4 ranks on 2 cores take 16 s, and 0.2 s with this.
  set(FARHOLD_MPI_TEST_FLAGS -genv LD_PRELOAD $<TARGET_FILE:farhold_test_mpich_yield>)
endif()
if(FARHOLD_SANITIZE)
  # An MPI "hello world" leaks 100 kB, from plug-ins that are unloaded by then, so that no suppression can name them.
  list(APPEND FARHOLD_MPI_TEST_ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
endif()

add_library(farhold_test_code INTERFACE)
target_compile_options(farhold_test_code INTERFACE -O0)
# An executable, as those that use what is compiled here: code for libraries has other flags.
add_executable(farhold_test_headers "${FARHOLD_TEST_SUPPORT_DIR}/headers_main.cpp")
target_link_libraries(farhold_test_headers PRIVATE farhold::farhold farhold_warnings farhold_test_code GTest::gmock)
target_precompile_headers(farhold_test_headers PRIVATE <farhold/farhold.hpp> <gmock/gmock.h>)

function(farhold_as_test_code target)
  target_link_libraries(${target} PRIVATE farhold_test_code)
  target_precompile_headers(${target} REUSE_FROM farhold_test_headers)
endfunction()

function(_farhold_register_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND;LABELS;ENVIRONMENT")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  math(EXPR limit "${arg_TIMEOUT} * ${FARHOLD_TEST_TIMEOUT_FACTOR}")
  # Three nets, each for a hole in the one before: the watchdog prints stacks and kills; `timeout` ends a watchdog that
  # is stuck itself, for which printing has 90 s; CTest's own limit would lose the output.
  math(EXPR watchdog_limit "${limit} + 90")
  math(EXPR ctest_limit "${limit} + 120")
  add_test(NAME ${name} COMMAND timeout -k 10 ${watchdog_limit} "${FARHOLD_TEST_SUPPORT_DIR}/watchdog.sh" ${limit}
                                ${arg_COMMAND})
  set_tests_properties(
    ${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${ctest_limit}
                       ENVIRONMENT "${FARHOLD_TEST_ENVIRONMENT};${arg_ENVIRONMENT}" COST ${arg_TIMEOUT})
endfunction()

function(_farhold_add_test_executable target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} farhold::farhold farhold_warnings GTest::gmock)
  farhold_as_test_code(${target})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
endfunction()

# farhold_test_processes(TEST N): it keeps N processes busy. More than two run alone, and last: a test that may take long
# begins early.
function(farhold_test_processes test processes)
  if(processes GREATER 2)
    set_tests_properties(${test} PROPERTIES RUN_SERIAL ON COST 0)
  endif()
  set_tests_properties(${test} PROPERTIES PROCESSORS ${processes})
endfunction()

function(farhold_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;ENVIRONMENT")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  string(REPLACE "." "_" target "${name}")
  _farhold_add_test_executable(${target} SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES} GTest::gmock_main)
  _farhold_register_test(
    ${name} COMMAND ${FARHOLD_TEST_LAUNCHER} $<TARGET_FILE:${target}>
    LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} ENVIRONMENT ${arg_ENVIRONMENT})
endfunction()

function(farhold_add_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND;LABELS;ENVIRONMENT")
  _farhold_register_test(
    ${name} COMMAND ${arg_COMMAND} LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT} ENVIRONMENT ${arg_ENVIRONMENT})
endfunction()

add_custom_target(mpi_tests)

function(farhold_add_mpi_test name)
  if(NOT TARGET farhold::mpi)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TARGET;TIMEOUT;VARIANT" "SOURCES;LIBRARIES;NP;ARGS;LABELS;ENVIRONMENT")
  if(NOT arg_NP OR (arg_SOURCES AND arg_TARGET) OR NOT (arg_SOURCES OR arg_TARGET))
    message(FATAL_ERROR "farhold_add_mpi_test(${name}) needs NP and either SOURCES or TARGET.")
  endif()
  list(APPEND arg_LABELS mpi)
  list(REMOVE_DUPLICATES arg_LABELS)
  if(arg_SOURCES)
    string(REPLACE "." "_" arg_TARGET "${name}")
    _farhold_add_test_executable(${arg_TARGET} SOURCES ${arg_SOURCES} LIBRARIES ${arg_LIBRARIES} farhold::mpi)
  endif()
  add_dependencies(mpi_tests ${arg_TARGET})
  set(test ${name})
  if(arg_VARIANT)
    string(APPEND test .${arg_VARIANT})
  endif()
  foreach(np IN LISTS arg_NP)
    _farhold_register_test(
      ${test}.np${np}
      COMMAND "${MPIEXEC_EXECUTABLE}" ${MPIEXEC_NUMPROC_FLAG} ${np} ${MPIEXEC_PREFLAGS} ${FARHOLD_MPI_TEST_FLAGS}
              $<TARGET_FILE:${arg_TARGET}> ${MPIEXEC_POSTFLAGS} ${arg_ARGS}
      LABELS ${arg_LABELS}
      TIMEOUT ${arg_TIMEOUT}
      ENVIRONMENT ${FARHOLD_MPI_TEST_ENVIRONMENT} FARHOLD_TEST_WORLD_SIZE=${np} ${arg_ENVIRONMENT})
    farhold_test_processes(${test}.np${np} ${np})
  endforeach()
endfunction()
