# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Finds MPI, when farhold is built and when an installed farhold is used. Where several MPIs are installed, set
# MPI_EXECUTABLE_SUFFIX (.openmpi or .mpich on Debian): it chooses the compiler wrapper and mpiexec together.

# Open MPI 4's mpi.h otherwise pulls in the C++ bindings that MPI removed, which do not survive -Werror.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI QUIET COMPONENTS CXX)
set(farhold_mpi_FOUND ${MPI_CXX_FOUND})
set(farhold_mpi_VENDOR "")

if(NOT MPI_CXX_FOUND)
  set(farhold_mpi_DETAIL "no MPI for C++ was found (MPI_EXECUTABLE_SUFFIX is '${MPI_EXECUTABLE_SUFFIX}')")
  if(MPI_CXX_COMPILER)
    string(APPEND farhold_mpi_DETAIL " although there is ${MPI_CXX_COMPILER}")
  endif()
else()
  # By what mpi.h says and not by running a program, which login nodes and cross builds cannot.
  get_target_property(_farhold_mpi_dirs MPI::MPI_CXX INTERFACE_INCLUDE_DIRECTORIES)
  unset(_farhold_mpi_header CACHE)
  find_file(_farhold_mpi_header mpi.h PATHS ${_farhold_mpi_dirs} NO_CACHE NO_DEFAULT_PATH)
  set(farhold_mpi_VENDOR "MPI ${MPI_CXX_VERSION}")
  set(_farhold_mpi_version "")
  if(_farhold_mpi_header)
    set(_farhold_mpi_macro "OMPI_(MAJOR|MINOR|RELEASE)_VERSION|MPICH_VERSION|MVAPICH2?_VERSION|I_MPI_VERSION")
    file(STRINGS "${_farhold_mpi_header}" _farhold_mpi_lines
         REGEX "^#[ \t]*define[ \t]+(${_farhold_mpi_macro})[ \t]")
    list(JOIN _farhold_mpi_lines "\n" _farhold_mpi_lines)
    # MVAPICH and Intel MPI derive from MPICH and may define its macro too: the most particular one decides.
    if(_farhold_mpi_lines MATCHES "I_MPI_VERSION[ \t]+\"([^\"]+)")
      set(farhold_mpi_VENDOR "Intel MPI")
      set(_farhold_mpi_version "${CMAKE_MATCH_1}")
    elseif(_farhold_mpi_lines MATCHES "MVAPICH2?_VERSION[ \t]+\"([^\"]+)")
      set(farhold_mpi_VENDOR "MVAPICH")
      set(_farhold_mpi_version "${CMAKE_MATCH_1}")
    elseif(_farhold_mpi_lines MATCHES "MPICH_VERSION[ \t]+\"([^\"]+)")
      set(farhold_mpi_VENDOR "MPICH")
      set(_farhold_mpi_version "${CMAKE_MATCH_1}")
    elseif(_farhold_mpi_lines MATCHES "OMPI_MAJOR_VERSION[ \t]+([0-9]+)")
      set(farhold_mpi_VENDOR "Open MPI")
      set(_farhold_mpi_version "${CMAKE_MATCH_1}")
      foreach(_farhold_mpi_part IN ITEMS MINOR RELEASE)
        if(_farhold_mpi_lines MATCHES "OMPI_${_farhold_mpi_part}_VERSION[ \t]+([0-9]+)")
          string(APPEND _farhold_mpi_version ".${CMAKE_MATCH_1}")
        endif()
      endforeach()
    endif()
  endif()
  string(STRIP "${farhold_mpi_VENDOR} ${_farhold_mpi_version} (${MPI_CXX_COMPILER})" farhold_mpi_DETAIL)
endif()
