// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The same connector for programs that were never linked with it: see FARHOLD_PLUGIN_PATH.
#include <farhold/plugin.hpp>

#include "folder_connector.hpp"

FARHOLD_CONNECTOR_PLUGIN("folder", folder::open);
