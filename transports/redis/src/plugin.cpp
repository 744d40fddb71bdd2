// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The same for programs that were not linked with it: libfarhold_connector_redis.so.
#include <farhold/plugin.hpp>

#include "redis_connector.hpp"

FARHOLD_CONNECTOR_PLUGIN("redis,rediss,unix", farhold::redis::open);
