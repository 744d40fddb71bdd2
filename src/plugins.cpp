// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/plugin.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <farhold/error.hpp>

#include "detail/plugins.hpp"

namespace farhold {

const char* const detail::library_version = FARHOLD_VERSION_TEXT;

namespace {

[[noreturn]] void refuse(errc kind, const std::string& file, const std::string& why) {
  throw error(kind, "the plug-in '" + file + "' is not used: " + why);
}

/// What may stand in a file's name.
bool is_plain(const std::string& scheme) {
  if (scheme.size() > 64) return false;
  for (const char c : scheme) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!good) return false;
  }
  return true;
}

/// Whoever can write there can run code in this process.
void require_trusted(const std::string& path, const std::string& file) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) refuse(errc::permission, file, "'" + path + "' cannot be looked at");
  if (found.st_uid != 0 && found.st_uid != ::geteuid()) {
    refuse(errc::permission, file, "'" + path + "' belongs to another user; it must be yours or root's");
  }
  // In a directory like /tmp (sticky) others cannot replace our files; the file itself has been looked at.
  const bool sticky = S_ISDIR(found.st_mode) && (found.st_mode & S_ISVTX) != 0;
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) {
    refuse(errc::permission, file, "others may write to '" + path + "'; take that right away (chmod go-w)");
  }
}

bool is_in_list(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    if (one == wanted) return true;
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return false;
}

void require_fitting(const plugin_descriptor& found, const std::string& scheme, const std::string& file) {
  if (found.magic != plugin_descriptor::right_magic) {
    refuse(errc::corrupt, file, "what it calls farhold_connector_plugin is none");
  }
  if (found.version != plugin_descriptor::right_version || found.struct_bytes != sizeof(plugin_descriptor)) {
    refuse(errc::unsupported, file,
           "its descriptor is of version " + std::to_string(found.version) + " and " +
               std::to_string(found.struct_bytes) + " bytes, this library knows version " +
               std::to_string(plugin_descriptor::right_version) + " of " +
               std::to_string(sizeof(plugin_descriptor)) + "; build it with this farhold");
  }
  if (found.connector_abi != detail::connector_abi()) {
    refuse(errc::unsupported, file,
           std::string("it was built with farhold ") +
               (found.farhold_version != nullptr ? found.farhold_version : "of no version") +
               ", or a compiler, whose connectors differ from those of farhold " + detail::library_version +
               " here; build it with this farhold and compiler");
  }
  if (found.schemes == nullptr || found.open == nullptr || !is_in_list(found.schemes, scheme)) {
    refuse(errc::corrupt, file, "it does not open '" + scheme + "://'");
  }
}

registry::opener load(const std::string& scheme, const std::string& directory, const std::string& file) {
  require_trusted(directory, file);
  require_trusted(file, file);
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = ::dlerror();
    refuse(errc::corrupt, file, why != nullptr ? why : "it cannot be loaded");
  }
  const void* const symbol = ::dlsym(library, "farhold_connector_plugin");
  try {
    if (symbol == nullptr) refuse(errc::corrupt, file, "it has no farhold_connector_plugin");
    require_fitting(*static_cast<const plugin_descriptor*>(symbol), scheme, file);
  } catch (const error&) {
    ::dlclose(library);
    throw;
  }
  // Never unloaded: its connectors, and what they handed out, may live as long as the process.
  const auto open = static_cast<const plugin_descriptor*>(symbol)->open;
  return [open](uri& address) {
    std::array<char, 1024> message{};
    void* made = nullptr;
    const auto kind = static_cast<errc>(open(&address, &made, message.data(), message.size()));
    message.back() = 0;
    if (kind != errc::ok) throw error(kind, message.data());
    return std::unique_ptr<connector>(static_cast<connector*>(made));
  };
}

}  // namespace

registry::opener detail::find_plugin(const std::string& scheme) {
  const char* const path = ::secure_getenv("FARHOLD_PLUGIN_PATH");
  if (path == nullptr || !is_plain(scheme)) return {};
  for (std::string_view rest = path; !rest.empty();) {
    const std::string directory(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    if (!directory.starts_with('/')) continue;  // where a program is started must not decide what it loads
    std::string file = directory;
    file.append("/libfarhold_connector_").append(scheme).append(".so");
    if (::access(file.c_str(), F_OK) == 0) return load(scheme, directory, file);
  }
  return {};
}

}  // namespace farhold
