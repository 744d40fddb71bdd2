// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <mpi.h>

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace farhold::mpi::detail {
namespace {

TEST(Errors, SuccessIsOk) {
  EXPECT_TRUE(from_mpi(MPI_SUCCESS, "here").ok());
  EXPECT_EQ(to_errc(MPI_SUCCESS), errc::ok);
}

TEST(Errors, EveryRowIsUsedAndUnique) {
  std::set<int> seen;
  for (const error_row& row : error_table()) {
    EXPECT_TRUE(seen.insert(row.error_class).second) << row.error_class;
    EXPECT_EQ(to_errc(row.error_class), row.meaning);
    EXPECT_EQ(row.meaning == errc::ok, row.error_class == MPI_SUCCESS);
    // A class is a code too.
    const status s = from_mpi(row.error_class, "here");
    EXPECT_EQ(s.code, row.meaning);
    EXPECT_EQ(s.native, row.error_class);
    if (!s.ok()) {
      EXPECT_STREQ(s.where, "here");
    }
  }
}

TEST(Errors, WhatHasNoRowIsTheFabricsFailure) {
  for (const int error_class :
       {MPI_ERR_OTHER, MPI_ERR_INTERN, MPI_ERR_UNKNOWN, MPI_ERR_WIN, MPI_ERR_REQUEST}) {
    EXPECT_EQ(to_errc(error_class), errc::transport_failure) << describe(error_class);
  }
}

TEST(Errors, OwnClassesDoNotConfuseIt) {
  int error_class = 0;
  int code = 0;
  ASSERT_EQ(MPI_Add_error_class(&error_class), MPI_SUCCESS);
  ASSERT_EQ(MPI_Add_error_code(error_class, &code), MPI_SUCCESS);
  ASSERT_EQ(MPI_Add_error_string(code, "a private error"), MPI_SUCCESS);
  const status s = from_mpi(code, "here");
  EXPECT_EQ(s.code, errc::transport_failure);
  EXPECT_EQ(s.native, error_class);
  EXPECT_NE(describe(code).find("a private error"), std::string::npos);
}

TEST(Errors, MpiTellsItInWords) { EXPECT_FALSE(describe(MPI_ERR_RANK).empty()); }

TEST(Errors, ARealOne) {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_SELF, &comm);
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  const char byte = 0;
  const status s = from_mpi(MPI_Send(&byte, 1, MPI_BYTE, 77, 0, comm), "MPI_Send");
  EXPECT_EQ(s.code, errc::invalid_argument);
  EXPECT_EQ(s.native, MPI_ERR_RANK);
  MPI_Comm_free(&comm);
}

}  // namespace
}  // namespace farhold::mpi::detail
