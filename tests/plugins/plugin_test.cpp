// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/fault.hpp>
#include <farhold/registry.hpp>

#include "support/fails.hpp"

namespace farhold {
namespace {

namespace fs = std::filesystem;
using test::fails;

/// The plug-in of one kind, as libfarhold_connector_SCHEME.so in a directory of its own. Each test has a
/// scheme of its own, because what is loaded stays.
class plugin : public testing::Test {
 protected:
  plugin() {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    ::setenv("FARHOLD_PLUGIN_PATH", ("relative:/nonexistent:" + directory_).c_str(), 1);
  }
  ~plugin() override {
    ::unsetenv("FARHOLD_PLUGIN_PATH");
    fs::remove_all(directory_);
  }
  fs::path install(const std::string& kind, const std::string& scheme = "plugin") {
    const fs::path to = directory_ + "/libfarhold_connector_" + scheme + ".so";
    fs::copy_file(std::string(FARHOLD_TEST_PLUGINS) + "/" + kind + ".so", to);
    fs::permissions(to, fs::perms::owner_all);
    return to;
  }
  static auto opening(const std::string& uri) {
    return [uri] { return registry::global().open(uri) != nullptr; };
  }

  std::string directory_ = (fs::temp_directory_path() / "farhold-plugins-XXXXXX").string();
};

TEST_F(plugin, is_found_by_its_scheme_and_opens_stores) {
  EXPECT_TRUE(fails(errc::invalid_argument, opening("good://"), {"known schemes", "FARHOLD_PLUGIN_PATH"}));
  install("good", "good");
  store s = store::open("plugin", "good://", {.inline_bytes = 0});
  EXPECT_EQ(s.get<std::vector<int>>(s.put(std::vector<int>{1, 2, 3})), (std::vector<int>{1, 2, 3}));
  // Other decorators and options work as with any scheme.
  EXPECT_TRUE(opening("fault+good://?seed=1")());
  EXPECT_TRUE(fails(errc::invalid_argument, opening("good://?colour=red"), {"'colour'", "good://"}));
  EXPECT_TRUE(fails(errc::permission, opening("good://?fail=on"), {"this plug-in was asked to fail"}));
  EXPECT_TRUE(fails(errc::transport_failure, opening("good://?throw=on"), {"an exception of the plug-in's"}));
  EXPECT_TRUE(fails(errc::transport_failure, opening("good://?nothing=on"), {"no connector"}));
  // It stays, wherever the path leads by now.
  ::unsetenv("FARHOLD_PLUGIN_PATH");
  EXPECT_TRUE(opening("good://")());
}

TEST_F(plugin, that_does_not_fit_is_refused_and_says_why) {
  const auto refused = [&](const std::string& kind, errc how, const std::string& why) {
    const fs::path file = install(kind);
    const auto told = fails(how, opening("plugin://"), {file.string(), why});
    fs::remove(file);
    return told;
  };
  EXPECT_TRUE(refused("other_magic", errc::corrupt, "is none"));
  EXPECT_TRUE(refused("other_version", errc::unsupported, "version 2"));
  EXPECT_TRUE(refused("other_size", errc::unsupported, "8 bytes"));
  EXPECT_TRUE(refused("other_abi", errc::unsupported, "build it with this farhold and compiler"));
  EXPECT_TRUE(refused("no_descriptor", errc::corrupt, "no farhold_connector_plugin"));
  EXPECT_TRUE(refused("good", errc::corrupt, "'plugin://'")) << "of another scheme than its name says";
  const fs::path file = directory_ + "/libfarhold_connector_plugin.so";
  std::ofstream(file) << "not a shared object";
  fs::permissions(file, fs::perms::owner_all);
  EXPECT_TRUE(fails(errc::corrupt, opening("plugin://"), {file.string()}));
}

TEST_F(plugin, that_others_could_have_written_is_not_loaded) {
  const fs::path file = install("good", "writable");
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  EXPECT_TRUE(fails(errc::permission, opening("writable://"), {"others may write", file.string()}));
  fs::permissions(file, fs::perms::owner_all);
  fs::permissions(directory_, fs::perms::group_write, fs::perm_options::add);
  EXPECT_TRUE(fails(errc::permission, opening("writable://"), {"others may write", directory_}));
}

TEST_F(plugin, is_not_looked_for_elsewhere) {
  const fs::path inner = directory_ + "/inner";
  fs::create_directory(inner);
  install("good", "good2");
  ::setenv("FARHOLD_PLUGIN_PATH", inner.c_str(), 1);
  EXPECT_FAILS(invalid_argument, registry::global().open("../libfarhold_connector_good2://"));
  EXPECT_FAILS(invalid_argument, registry::global().open("good2://"));
  ::setenv("FARHOLD_PLUGIN_PATH", "", 1);
  EXPECT_FAILS(invalid_argument, registry::global().open("good2://"));
}

}  // namespace
}  // namespace farhold
