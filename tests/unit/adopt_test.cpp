// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <memory>
#include <memory_resource>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/fails.hpp"
#include "support/memory_connector.hpp"

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

/// Counts what is allocated from it and not given back.
class counting_resource final : public std::pmr::memory_resource {
 public:
  std::atomic<int> live{0};

 private:
  void* do_allocate(std::size_t size_bytes, std::size_t alignment) override {
    ++live;
    return std::pmr::new_delete_resource()->allocate(size_bytes, alignment);
  }
  void do_deallocate(void* memory, std::size_t size_bytes, std::size_t alignment) override {
    --live;
    std::pmr::new_delete_resource()->deallocate(memory, size_bytes, alignment);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
};

struct adopting : testing::Test {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  counting_resource memory;
  store s{"adopting", std::make_unique<test::memory_connector>(watch), {.adopt_bytes = 0}};

  doubles field() {
    doubles made(1000);
    std::iota(made.begin(), made.end(), 0.0);
    return made;
  }
};

static_assert(detail::adoptable<doubles> && detail::adoptable<std::string> && detail::adoptable<array<int>> &&
              detail::adoptable<std::pmr::vector<int>>);
static_assert(!detail::adoptable<doubles&> && !detail::adoptable<const doubles> &&
              !detail::adoptable<std::span<const double>> && !detail::adoptable<std::array<double, 1000>> &&
              !detail::adoptable<std::vector<std::string>> && !detail::adoptable<double>);

TEST_F(adopting, takes_the_memory_of_what_is_moved) {
  doubles given = field();
  const double* const elements = given.data();
  const auto p = s.proxy(std::move(given));
  EXPECT_TRUE(given.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(watch->last_adopted, elements);
  EXPECT_EQ(watch->reserved, 0);
  EXPECT_EQ(*p, field());
  const key k = s.put(field());
  EXPECT_EQ(s.get<doubles>(k), field());
  const metrics m = s.metrics();
  EXPECT_EQ(m.published, 2U);
  EXPECT_EQ(m.published_in_place, 2U);
  EXPECT_EQ(m.published_bytes, 16000U);
}

TEST_F(adopting, takes_every_kind_of_run) {
  EXPECT_EQ(s.get<std::string>(s.put(std::string(5000, 'x'))), std::string(5000, 'x'));
  EXPECT_EQ(s.get<array<int>>(s.put(array<int>(5000, 7))), array<int>(5000, 7));
  EXPECT_EQ(s.get<doubles>(s.put(std::pmr::vector<double>(5000, 1.5))), doubles(5000, 1.5));
  EXPECT_EQ(watch->adopted, 3);
  EXPECT_EQ(s.metrics().published_in_place, 3U);
}

TEST_F(adopting, copies_what_stays) {
  const doubles constant = field();
  doubles variable = field();
  EXPECT_EQ(*s.proxy(constant), constant);
  EXPECT_EQ(*s.proxy(variable), constant);
  s.put(std::move(constant));  // NOLINT(performance-move-const-arg)
  EXPECT_EQ(variable, constant);
  std::array<double, 1000> object{};
  s.put(std::move(object));  // NOLINT(performance-move-const-arg)
  std::vector<std::string> archived(200, "a word or two");
  EXPECT_EQ(s.proxy(std::move(archived))->size(), 200U);
  EXPECT_EQ(archived.size(), 200U) << "a serializer copies";  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(watch->adopted, 0);
  EXPECT_EQ(s.metrics().published_in_place, 0U);
}

TEST_F(adopting, inlines_what_is_small) {
  doubles small(128, 1.0), larger(129, 1.0);
  EXPECT_EQ(s.proxy(std::move(small)).size_bytes(), 1024U);
  EXPECT_EQ(small.size(), 128U);  // NOLINT(bugprone-use-after-move)
  s.put(std::move(small));
  EXPECT_EQ(watch->adopted, 0) << "a copy costs less than an object of its own memory";
  s.put(std::move(larger));
  EXPECT_EQ(watch->adopted, 1);
  EXPECT_TRUE(larger.empty());  // NOLINT(bugprone-use-after-move)
}

TEST_F(adopting, copies_where_a_connector_cannot) {
  watch->adopt_error = errc::unsupported;
  doubles given = field();
  const double* const elements = given.data();
  const auto p = s.proxy(std::move(given));
  EXPECT_EQ(watch->reserved, 1);
  EXPECT_EQ(*p, field());
  EXPECT_EQ(s.metrics().published_in_place, 0U);
  EXPECT_EQ(given.data(), elements) << "and the container stays";  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(given, field());
}

TEST_F(adopting, leaves_the_container_after_an_error) {
  watch->adopt_error = errc::out_of_memory;
  doubles given = field();
  const double* const elements = given.data();
  EXPECT_TRUE(fails(errc::out_of_memory, [&] { return s.put(std::move(given)); }, {"8000 bytes in place"}));
  EXPECT_EQ(given.data(), elements);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(given, field());
  EXPECT_TRUE(fails(errc::out_of_memory, [&] { return s.proxy(std::move(given)); }));
  EXPECT_EQ(given, field());  // NOLINT(bugprone-use-after-move)
  std::pmr::vector<double> polymorphic(500, 2.0);
  EXPECT_TRUE(fails(errc::out_of_memory, [&] { return s.put(std::move(polymorphic)); }));
  EXPECT_EQ(polymorphic, std::pmr::vector<double>(500, 2.0));  // NOLINT(bugprone-use-after-move)
  watch->adopt_error = errc::ok;
  s.close();
  EXPECT_TRUE(fails(errc::closed, [&] { return s.put(std::move(given)); }));
  EXPECT_EQ(given, field());  // NOLINT(bugprone-use-after-move)
}

TEST_F(adopting, local_connector_that_is_closed_adopts_nothing) {
  const auto local = local::connector();
  ASSERT_TRUE(local->close(std::chrono::seconds(1)).ok());
  int released = 0;
  const resident users{
      .memory = {}, .owner = &released, .release = [](void* n) noexcept { ++*static_cast<int*>(n); }};
  key k;
  EXPECT_EQ(local->adopt(users, type_id{1}, k).code, errc::closed);
  EXPECT_EQ(released, 0) << "after an error it is the user's";
}

TEST_F(adopting, memory_goes_when_the_object_does) {
  watch->memory = &memory;
  EXPECT_EQ(s.memory_resource(), &memory);
  {
    std::pmr::vector<double> born(1000, 4.0, s.memory_resource());
    const double* const elements = born.data();
    const auto p = s.proxy(std::move(born));
    EXPECT_EQ(watch->last_adopted, elements);
    const auto q = s.proxy_from_key<std::span<const double>>(p.key());
    EXPECT_EQ(q.data(), elements);
    EXPECT_EQ(memory.live, 1);
    s.evict(p.key());
    EXPECT_EQ(memory.live, 1) << "a view shows it";
  }
  EXPECT_EQ(memory.live, 0);
  s.put(std::pmr::vector<double>(1000, 4.0, s.memory_resource()));
  EXPECT_EQ(memory.live, 1);
  s.close();
  EXPECT_EQ(memory.live, 0);
}

TEST_F(adopting, memory_that_may_end_with_its_scope_is_copied) {
  key k;
  {
    std::array<std::byte, 16384> stack{};
    std::pmr::monotonic_buffer_resource scratch(stack.data(), stack.size());
    std::pmr::vector<double> given(1000, 3.0, &scratch);
    k = s.put(std::move(given));
    stack.fill(std::byte{0xEE});
  }
  EXPECT_EQ(s.get<doubles>(k), doubles(1000, 3.0));
  EXPECT_EQ(watch->adopted, 0);
}

TEST(memory_resource, is_the_default_one_where_a_connector_has_none) {
  store s("plain", local::connector(), {.adopt_bytes = 0});
  EXPECT_EQ(s.memory_resource(), std::pmr::get_default_resource());
  std::pmr::vector<double> born(1000, 4.0, s.memory_resource());
  s.put(std::move(born));
  EXPECT_EQ(s.metrics().published_in_place, 1U);
}

}  // namespace
}  // namespace farhold
