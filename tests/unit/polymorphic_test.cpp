// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/unique_ptr.hpp>
#include <boost/serialization/vector.hpp>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

namespace shapes {

class shape {
 public:
  shape() = default;
  shape(const shape&) = delete;
  shape& operator=(const shape&) = delete;
  virtual ~shape() = default;
  [[nodiscard]] virtual double area() const = 0;

  template <class Archive>
  void serialize(Archive&, unsigned /*version*/) {}
};

class disc final : public shape {
 public:
  explicit disc(double radius = 0) : radius_(radius) {}
  [[nodiscard]] double area() const override { return 3 * radius_ * radius_; }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& boost::serialization::base_object<shape>(*this);
    archive& radius_;
  }

 private:
  double radius_;
};

class rectangle final : public shape {
 public:
  explicit rectangle(double width = 0, double height = 0) : width_(width), height_(height) {}
  [[nodiscard]] double area() const override { return width_ * height_; }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& boost::serialization::base_object<shape>(*this);
    archive& width_& height_;
  }

 private:
  double width_, height_;
};

}  // namespace shapes

BOOST_CLASS_EXPORT(shapes::disc)
BOOST_CLASS_EXPORT(shapes::rectangle)

namespace farhold {
namespace {

using shape_ptr = std::unique_ptr<shapes::shape>;

double area_of(const shape_ptr& s) { return s->area(); }

TEST(polymorphic, object_behind_a_pointer_to_its_base) {
  store s("shapes", local::connector());
  const proxy<shape_ptr> p = s.proxy(shape_ptr(std::make_unique<shapes::disc>(2)));
  const proxy<shape_ptr> q = s.proxy(shape_ptr(std::make_unique<shapes::rectangle>(3, 4)));
  EXPECT_EQ((*p)->area(), 12);
  EXPECT_EQ(area_of(q), 12);
  EXPECT_NE(dynamic_cast<const shapes::disc*>(p->get()), nullptr);
  EXPECT_NE(dynamic_cast<const shapes::rectangle*>(q->get()), nullptr);
}

TEST(polymorphic, many) {
  store s("shapes", local::connector());
  std::vector<shape_ptr> all;
  all.push_back(std::make_unique<shapes::disc>(1));
  all.push_back(std::make_unique<shapes::rectangle>(1, 2));
  const auto back = s.get<std::vector<shape_ptr>>(s.put(all));
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0]->area() + back[1]->area(), 5);
}

}  // namespace
}  // namespace farhold
