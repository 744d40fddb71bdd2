# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# farhold_add_network_tests(NAME LIBRARIES ... ROUNDS n): what every transport between processes that have not met has to
# pass, as NAME.states, NAME.admission, NAME.hostile and NAME.kill_matrix. In the folder of its tests the transport has
#   peer_main.cpp         the process behind support/peer.hpp, which knows "open hold=POINT:N:OPTIONS" (held_transport.hpp)
#   ways.hpp              what network.hpp asks for
#   wire_under_test.hpp   the wire of its control channel
# ROUNDS: of the kill matrix in ordinary runs, a quarter of them with a sanitizer; 1000 more are `extended`.

include_guard(GLOBAL)

# farhold_add_network_test(NAME.part SOURCES ... LIBRARIES ... [TIMEOUT seconds]): a test that starts peers of NAME.
function(farhold_add_network_test test)
  string(REGEX REPLACE "[.].*" "" name ${test})
  string(REPLACE "." "_" target ${test})
  farhold_add_test(${test} ${ARGN} LABELS ${name})
  add_dependencies(${target} farhold_${name}_peer)
  target_compile_definitions(${target} PRIVATE "FARHOLD_TEST_PEER=\"$<TARGET_FILE:farhold_${name}_peer>\"")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/../src"
                                               "${PROJECT_SOURCE_DIR}/src")
endfunction()

function(farhold_add_network_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROUNDS" "LIBRARIES")
  set(from "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")

  # Between real processes, which are told what to do; the connector is tested by the conformance suite.
  add_executable(farhold_${name}_peer peer_main.cpp)
  target_link_libraries(farhold_${name}_peer PRIVATE farhold_test_peer_commands farhold::${name} farhold_warnings)
  target_include_directories(farhold_${name}_peer PRIVATE "${PROJECT_SOURCE_DIR}/src")

  farhold_add_network_test(${name}.states SOURCES "${from}/states_test.cpp" TIMEOUT 120)
  # With a wire of their own, which says what it likes.
  farhold_add_network_test(${name}.admission SOURCES "${from}/admission_test.cpp" LIBRARIES ${arg_LIBRARIES})
  farhold_add_network_test(${name}.hostile SOURCES "${from}/hostile_test.cpp" LIBRARIES ${arg_LIBRARIES})

  # Killed and stopped at all moments: some rounds here, and many when there is time.
  set(rounds ${arg_ROUNDS})
  if(FARHOLD_SANITIZE)
    math(EXPR rounds "${rounds} / 4")
  endif()
  set(matrix farhold_${name}_kill_matrix)
  add_executable(${matrix} "${from}/kill_matrix.cpp")
  target_link_libraries(${matrix} PRIVATE GTest::gtest farhold_warnings)
  target_include_directories(${matrix} PRIVATE "${PROJECT_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
  target_compile_definitions(${matrix} PRIVATE "FARHOLD_TEST_PEER=\"$<TARGET_FILE:farhold_${name}_peer>\"")
  add_dependencies(${matrix} farhold_${name}_peer)
  farhold_add_script_test(${name}.kill_matrix COMMAND $<TARGET_FILE:${matrix}> ${rounds} LABELS ${name} TIMEOUT 420)
  farhold_add_script_test(
    ${name}.kill_matrix.thousand COMMAND $<TARGET_FILE:${matrix}> 1000 LABELS extended TIMEOUT 1800)
endfunction()
