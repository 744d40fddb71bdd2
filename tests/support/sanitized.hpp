// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

// Whether a sanitizer watches, for tests of what it does not allow: 1 or 0.

#if defined(__SANITIZE_THREAD__)
#define FARHOLD_TEST_THREAD_SANITIZER 1
#elif defined(__SANITIZE_ADDRESS__)
#define FARHOLD_TEST_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FARHOLD_TEST_THREAD_SANITIZER 1
#elif __has_feature(address_sanitizer)
#define FARHOLD_TEST_ADDRESS_SANITIZER 1
#endif
#endif

#ifndef FARHOLD_TEST_THREAD_SANITIZER
#define FARHOLD_TEST_THREAD_SANITIZER 0
#endif
#ifndef FARHOLD_TEST_ADDRESS_SANITIZER
#define FARHOLD_TEST_ADDRESS_SANITIZER 0
#endif
