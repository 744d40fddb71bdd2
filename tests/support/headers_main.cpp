// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The program that the precompiled headers of the tests belong to (cmake/FarholdTesting.cmake).
int main() {}
