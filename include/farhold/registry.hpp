// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/detail/process_mutex.hpp>
#include <farhold/uri.hpp>

namespace farhold {

namespace detail {
class store_core;
struct store_address;
}  // namespace detail

/// How far objects reach of a store that is opened with no more than `scheme://`.
enum class reach : std::uint8_t {
  unknown,  ///< it takes more than that to open one, such as a path
  process,
  host,
  network,
};

/// One thing that a scheme's fabric finds on this host, for people.
struct fabric_fact {
  std::string key = {};                 ///< one word for programs
  std::string text = {};                ///< a sentence without its full stop
  std::vector<std::string> names = {};  ///< of the devices that it is about
  std::string problem = {};             ///< empty: none
  std::string cure = {};
};

/// What a scheme's fabric would use on this host. Errors    As any `opener`'s.
using fabric_survey = std::vector<fabric_fact> (*)();

/// A scheme that `registry::open` knows.
struct scheme_facts {
  std::string name;
  farhold::reach reach = reach::unknown;
  fabric_survey survey = nullptr;  ///< null if there is nothing to look at
};

/// The stores that are open in this process, by name, and the URI schemes it can open.
///
/// A proxy of a store that is not open here opens it, if its URI can be opened (`find_or_open`). Such a store
/// serves proxies only and steps back for one that the program opens under that name: `add` replaces it.
///
/// Lifetime  One for the process (`global()`); it never dies.
/// Threads   All of it.
/// Errors    `invalid_argument` for a name or scheme that is taken.
class registry {
 public:
  using opener = std::function<std::unique_ptr<connector>(uri&)>;
  using decoration = std::function<std::unique_ptr<connector>(std::unique_ptr<connector> inner)>;
  /// Takes its options before the connector within is opened, which would not know them.
  using decorator = std::function<decoration(uri& options)>;

  static registry& global();

  void add(const std::shared_ptr<detail::store_core>& store);
  void remove(const detail::store_core& store) noexcept;
  [[nodiscard]] std::shared_ptr<detail::store_core> find(std::string_view name) const;
  /// By the hash that compact tokens carry.
  [[nodiscard]] std::shared_ptr<detail::store_core> find(std::uint32_t name_hash) const;
  [[nodiscard]] std::vector<std::string> names() const;

  /// The store of a proxy: one that is open, or that is opened from the proxy's URI and kept. Throws what
  /// opening throws, `store_unknown` if there is no URI or nobody knows its scheme.
  [[nodiscard]] std::shared_ptr<detail::store_core> find_or_open(const detail::store_address& address);

  /// Teaches `open` a scheme. A scheme added again replaces the former. Proxies that come from elsewhere may
  /// ask for it, so opening must be harmless whatever the URI says.
  void add_scheme(std::string scheme, opener open, reach farthest = reach::unknown,
                  fabric_survey survey = nullptr);
  /// Teaches `open` a prefix of schemes, such as "fault+": what the rest of the URI describes is opened and
  /// handed over, with the options that it left.
  void add_decorator(std::string prefix, decorator decorate);
  /// The schemes that `open` knows, by name, and without decorators.
  [[nodiscard]] std::vector<scheme_facts> schemes() const;
  /// Makes the connector a URI describes. A scheme that nobody has added is looked for among the plug-ins of
  /// FARHOLD_PLUGIN_PATH (plugin.hpp). Throws `invalid_argument` for an unknown scheme, with those known.
  [[nodiscard]] std::unique_ptr<connector> open(std::string_view uri_text) const;

 private:
  registry();
  [[nodiscard]] std::shared_ptr<detail::store_core> find_open(const detail::store_address& address) const;

  mutable detail::process_mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<detail::store_core>> stores_;
  std::map<std::uint32_t, std::shared_ptr<detail::store_core>> opened_by_proxies_;
  detail::replaced_mutex opening_;  // of those, one at a time
  struct known_scheme {
    opener open;
    reach farthest = reach::unknown;
    fabric_survey survey = nullptr;
  };
  mutable std::map<std::string, known_scheme, std::less<>> schemes_;  // plug-ins: once asked for
  std::map<std::string, decorator, std::less<>> decorators_;
};

}  // namespace farhold
