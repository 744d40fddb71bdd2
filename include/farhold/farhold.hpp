// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

// Everything a user of stores and proxies needs. Transports have headers of their own.

#include <farhold/error.hpp>
#include <farhold/key.hpp>
#include <farhold/log.hpp>
#include <farhold/metrics.hpp>
#include <farhold/proxy.hpp>
#include <farhold/registry.hpp>
#include <farhold/store.hpp>
