// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The message is a path: both sides have to agree on a folder, a format, and who removes the file.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

#include "ways.hpp"

void by_path::produce(const field& made, courier& to) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("farhold-before-after-" + std::to_string(::getpid()) + ".field");
  std::ofstream file(path, std::ios::binary);
  const std::uint64_t count = made.size();
  file.write(reinterpret_cast<const char*>(&count), sizeof count);
  file.write(reinterpret_cast<const char*>(made.data()),
             static_cast<std::streamsize>(count * sizeof(double)));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
  to.send(path.string());
}

summary by_path::consume(courier& from) {
  const std::filesystem::path path = from.receive();
  std::ifstream file(path, std::ios::binary);
  std::uint64_t count = 0;
  file.read(reinterpret_cast<char*>(&count), sizeof count);
  if (!file || count != (std::filesystem::file_size(path) - sizeof count) / sizeof(double))
    throw std::runtime_error("cannot read " + path.string());
  field values(count);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(double)));
  if (!file) throw std::runtime_error("cannot read " + path.string());
  const summary result = analyse(values);
  std::filesystem::remove(path);
  return result;
}
