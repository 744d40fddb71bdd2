# SPDX-License-Identifier: BSD-3-Clause
# Copyright The farhold authors
#
# Finds OpenSSL, for rediss://, when farhold is built and when an installed farhold is used.
find_package(OpenSSL 1.1.1 QUIET)
set(farhold_redis_FOUND ${OPENSSL_FOUND})
if(OPENSSL_FOUND)
  set(farhold_redis_DETAIL "OpenSSL ${OPENSSL_VERSION}")
else()
  set(farhold_redis_DETAIL "OpenSSL 1.1.1 or later was not found (Debian: libssl-dev)")
endif()
