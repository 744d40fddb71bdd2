# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# A program of one MPI under the launcher of another comes up as N processes that are each rank 0 of 1, and tests that
# do not care about their rank pass. So the two are compared before anything is built.

# Sets `out` to the vendor whose programs `launcher` starts, or to "" if it does not say (srun, jsrun, aprun ...).
function(_farhold_mpi_launcher_vendor out launcher)
  execute_process(COMMAND "${launcher}" --version OUTPUT_VARIABLE said ERROR_VARIABLE said TIMEOUT 20)
  if(said MATCHES "OpenRTE|Open MPI|PRRTE|prte")
    set(${out} "Open MPI" PARENT_SCOPE)
  elseif(said MATCHES "HYDRA|Intel\\(R\\) MPI|MPICH|mvapich")
    set(${out} "MPICH" PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

function(farhold_check_mpi_launcher)
  if(MPI_EXECUTABLE_SUFFIX AND NOT MPI_CXX_COMPILER MATCHES "\\${MPI_EXECUTABLE_SUFFIX}$")
    message(
      FATAL_ERROR "MPI_EXECUTABLE_SUFFIX is ${MPI_EXECUTABLE_SUFFIX}, but this build directory already chose "
                  "${MPI_CXX_COMPILER}. Use a fresh build directory for each MPI.")
  endif()
  if(NOT MPIEXEC_EXECUTABLE)
    return()
  endif()
  _farhold_mpi_launcher_vendor(launcher_vendor "${MPIEXEC_EXECUTABLE}")
  set(library_vendor "${farhold_mpi_VENDOR}")
  if(library_vendor MATCHES "^(Intel MPI|MVAPICH)$")
    set(library_vendor "MPICH")  # one family: any hydra starts any of them
  endif()
  if(launcher_vendor AND library_vendor MATCHES "^(Open MPI|MPICH)$" AND NOT launcher_vendor STREQUAL library_vendor)
    message(
      FATAL_ERROR "The MPI library is ${farhold_mpi_DETAIL}, but ${MPIEXEC_EXECUTABLE} starts programs of "
                  "${launcher_vendor}: every process would come up alone, as rank 0 of 1.\n"
                  "In a fresh build directory, choose both at once, with -DMPI_EXECUTABLE_SUFFIX=.openmpi or .mpich, "
                  "or give -DMPI_CXX_COMPILER=... and -DMPIEXEC_EXECUTABLE=... of the same MPI.")
  endif()
endfunction()
