// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"

// docs/errors.md has one row per errc, and the messages it shows are the ones that come.

namespace farhold {
namespace {

using doubles = std::vector<double>;

/// Messages by errc, of the rows "| `name` | meaning | `message` | cure |".
std::map<std::string, std::string> documented() {
  std::map<std::string, std::string> rows;
  std::ifstream page(FARHOLD_ERRORS_PAGE);
  EXPECT_TRUE(page) << FARHOLD_ERRORS_PAGE;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    for (std::size_t from = 2; from < line.size();) {
      const std::size_t to = std::min(line.find(" | ", from), line.size() - 2);
      cells.push_back(line.substr(from, to - from));
      from = to + 3;
    }
    EXPECT_EQ(cells.size(), 4U) << line;
    if (cells.size() != 4) continue;
    const std::string name = cells[0].substr(1, cells[0].size() - 2);
    EXPECT_TRUE(rows.emplace(name, cells[2]).second) << "two rows of " << name;
    EXPECT_FALSE(cells[1].empty() || cells[3].empty()) << line;
  }
  return rows;
}

std::string without_ticks(const std::string& cell) {
  return cell.size() > 2 && cell.starts_with('`') && cell.ends_with('`') ? cell.substr(1, cell.size() - 2)
                                                                         : std::string();
}

/// Whether `message` is `pattern`, in which "…" stands for anything.
bool is_like(std::string_view message, std::string_view pattern) {
  constexpr std::string_view gap = "…";
  bool first = true;
  for (;;) {
    const std::size_t end = pattern.find(gap);
    const std::string_view piece = pattern.substr(0, end);
    const std::size_t at = message.find(piece);
    if (at == std::string_view::npos || (first && at != 0)) return false;
    first = false;
    message.remove_prefix(at + piece.size());
    if (end == std::string_view::npos) return message.empty() || piece.empty();
    pattern.remove_prefix(end + gap.size());
  }
}

TEST(errors_page, has_a_row_for_each_errc_and_no_other) {
  auto rows = documented();
  for (int code = 1;; ++code) {
    const std::string name = to_string(static_cast<errc>(code));
    if (name == "unknown farhold error") break;
    EXPECT_EQ(rows.erase(name), 1U) << name << " has no row";
  }
  for (const auto& [name, message] : rows) ADD_FAILURE() << name << " is no errc";
}

struct errors_page_messages : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"fields", test::watched(watch), {.inline_bytes = 0}};
  const proxy<doubles> p = s.proxy(doubles{1, 2, 3});
  const std::map<std::string, std::string> rows = documented();

  void expect(errc kind, const std::function<void()>& provoke) {
    const auto row = rows.find(to_string(kind));
    ASSERT_NE(row, rows.end());
    const std::string pattern = without_ticks(row->second);
    ASSERT_FALSE(pattern.empty()) << row->second;
    try {
      provoke();
      ADD_FAILURE() << to_string(kind) << " does not come";
    } catch (const error& problem) {
      EXPECT_EQ(problem.kind(), kind) << problem.what();
      // std::system_error appends the code's own text.
      EXPECT_TRUE(is_like(problem.what(), pattern + ": " + to_string(kind))) << problem.what() << "\nis not\n"
                                                                             << pattern;
    }
  }
  /// What only other processes and fabrics can cause, as a connector reports it.
  void expect_from_a_connector(errc kind) {
    watch->get_error = kind;
    watch->failing_gets = 1;
    expect(kind, [&] { p.resolve(); });
  }
};

TEST_F(errors_page_messages, of_connectors) {
  for (const errc kind : {errc::producer_lost, errc::unreachable, errc::timeout, errc::cancelled,
                          errc::permission, errc::transport_failure}) {
    expect_from_a_connector(kind);
  }
  expect(errc::out_of_memory, [&] {
    watch->reserve_error = errc::out_of_memory;
    s.put(1);
  });
}

TEST_F(errors_page_messages, of_objects) {
  expect(errc::not_found, [&] {
    store inlining("inline", local::connector());
    const key k = inlining.proxy(1).key();
    static_cast<void>(s.get<int>(k));
  });
  expect(errc::wrong_type, [&] { static_cast<void>(s.get<std::vector<float>>(p.key())); });
  s.evict(p.key());
  expect(errc::stale, [&] { p.resolve(); });
}

TEST_F(errors_page_messages, of_tokens) {
  const std::string token = p.to_string();
  std::string changed = token;
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  expect(errc::corrupt, [&] { static_cast<void>(proxy<doubles>::from_string(changed)); });
  expect(errc::truncated,
         [&] { static_cast<void>(proxy<doubles>::from_string(std::string_view(token).substr(0, 8))); });
}

TEST_F(errors_page_messages, of_calls) {
  expect(errc::invalid_argument, [] { proxy<int>().resolve(); });
  expect(errc::unsupported,
         [] { static_cast<void>(proxy<int>(factory<int>([] { return 1; })).to_string()); });
  s.close();
  expect(errc::store_unknown, [&] { p.resolve(); });
  expect(errc::closed, [&] { s.put(1); });
}

}  // namespace
}  // namespace farhold
