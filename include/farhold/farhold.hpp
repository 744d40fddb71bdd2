// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

// Everything a user of stores and proxies needs. Transports have headers of their own.

#include <farhold/array.hpp>
#include <farhold/error.hpp>
#include <farhold/key.hpp>
#include <farhold/lifetime.hpp>
#include <farhold/loan.hpp>
#include <farhold/log.hpp>
#include <farhold/metrics.hpp>
#include <farhold/named_factory.hpp>
#include <farhold/proxy.hpp>
#include <farhold/registry.hpp>
#include <farhold/resolve_all.hpp>
#include <farhold/store.hpp>
