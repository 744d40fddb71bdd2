// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <cerrno>
#include <utility>

#include <gtest/gtest.h>

namespace farhold::file {
namespace {

TEST(file_errors, each_errno_has_one_meaning) {
  const std::pair<int, errc> table[] = {{ENOSPC, errc::out_of_memory},
                                        {EDQUOT, errc::out_of_memory},
                                        {EFBIG, errc::out_of_memory},
                                        {ENOMEM, errc::out_of_memory},
                                        {EMFILE, errc::out_of_memory},
                                        {ENFILE, errc::out_of_memory},
                                        {EACCES, errc::permission},
                                        {EPERM, errc::permission},
                                        {EROFS, errc::permission},
                                        {ENOENT, errc::invalid_argument},
                                        {ENOTDIR, errc::invalid_argument},
                                        {EINVAL, errc::invalid_argument},
                                        {ENAMETOOLONG, errc::invalid_argument},
                                        {ESTALE, errc::stale},
                                        {ELOOP, errc::corrupt},
                                        {EISDIR, errc::corrupt},
                                        {ENXIO, errc::corrupt},
                                        {ETIMEDOUT, errc::timeout},
                                        {EIO, errc::transport_failure},
                                        {ENOTCONN, errc::transport_failure}};
  for (const auto& [error_number, meaning] : table) {
    EXPECT_EQ(meaning_of(error_number), meaning) << error_number;
    errno = error_number;
    const status s = failed("step");
    EXPECT_EQ(s.code, meaning);
    EXPECT_EQ(s.native, error_number);
    EXPECT_NE(cure_of(error_number, "/d"), "") << error_number;
  }
  EXPECT_EQ(cure_of(0, "/d"), "");
  EXPECT_NE(cure_of(ENOSPC, "/some/where").find("'/some/where' is full"), std::string::npos);
}

}  // namespace
}  // namespace farhold::file
