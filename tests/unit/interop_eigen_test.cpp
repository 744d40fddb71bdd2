// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <Eigen/Dense>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

// Eigen as it is. Fixed-size matrices are no trivially copyable classes either, so that each kind needs a
// serializer; this is what a user writes.

template <int Rows, int Columns>
struct farhold::serializer<Eigen::Matrix<double, Rows, Columns>> {
  using matrix = Eigen::Matrix<double, Rows, Columns>;
  using shape_type = std::array<std::int64_t, 2>;

  static std::uint64_t size_bytes(const matrix& m) {
    return sizeof(shape_type) + static_cast<std::uint64_t>(m.size()) * sizeof(double);
  }
  static void write(const matrix& m, byte_span out) {
    const shape_type shape = {m.rows(), m.cols()};
    std::memcpy(out.data(), shape.data(), sizeof shape);
    if (m.size() > 0) std::memcpy(out.data() + sizeof shape, m.data(), out.size() - sizeof shape);
  }
  static matrix read(byte_view in) {
    shape_type shape{};
    if (in.size() < sizeof shape) throw error(errc::corrupt, "a matrix without a shape");
    std::memcpy(shape.data(), in.data(), sizeof shape);
    const auto fits = [](std::int64_t n, int fixed) { return fixed == Eigen::Dynamic ? n >= 0 : n == fixed; };
    const std::uint64_t count = (in.size() - sizeof shape) / sizeof(double);
    const auto [rows, columns] = shape;
    if (!fits(rows, Rows) || !fits(columns, Columns) || in.size() % sizeof(double) != 0 ||
        (rows > 0 && columns > 0
             ? static_cast<std::uint64_t>(rows) != count / static_cast<std::uint64_t>(columns) ||
                   count % static_cast<std::uint64_t>(columns) != 0
             : count != 0)) {
      throw error(errc::corrupt, "a matrix whose shape is not its size");
    }
    matrix m(rows, columns);
    if (count > 0) std::memcpy(m.data(), in.data() + sizeof shape, count * sizeof(double));
    return m;
  }
};

namespace {  // somebody's code

double largest(const Eigen::MatrixXd& m) { return m.cwiseAbs().maxCoeff(); }
double trace_of(const Eigen::Ref<const Eigen::MatrixXd>& m) { return m.trace(); }
Eigen::VectorXd solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b) {
  return a.partialPivLu().solve(b);
}
template <class Derived>
double sum_of(const Eigen::MatrixBase<Derived>& m) {
  return m.sum();
}

Eigen::MatrixXd two_by_two(double a, double b, double c, double d) {
  Eigen::MatrixXd m(2, 2);
  m << a, b, c, d;
  return m;
}

}  // namespace

namespace farhold {
namespace {

struct interop_eigen : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"matrices", test::watched(watch), {.inline_bytes = 0}};
  const proxy<Eigen::MatrixXd> made = s.proxy(two_by_two(2, 1, 1, -3));
  const proxy<Eigen::MatrixXd> p = proxy<Eigen::MatrixXd>::from_string(made.to_string());
  const proxy<Eigen::VectorXd> b = s.proxy(Eigen::VectorXd(Eigen::Vector2d(3, -2)));
};

TEST_F(interop_eigen, goes_to_functions_of_matrices) {
  EXPECT_EQ(largest(p), 3);
  EXPECT_TRUE(solve(p, b).isApprox(Eigen::Vector2d(1, 1)));
  EXPECT_EQ(watch->gets, 2);
}

TEST_F(interop_eigen, ref_and_templates_of_bases_take_the_star) {
  EXPECT_EQ(trace_of(*p), -1);
  EXPECT_EQ(sum_of(*p), 1);
  EXPECT_EQ(sum_of(p->row(0)), 3);
  EXPECT_EQ(trace_of(p->topRows(1)), 2);
  static_assert(!std::is_invocable_v<decltype(trace_of), const proxy<Eigen::MatrixXd>&>);
  const Eigen::Ref<const Eigen::MatrixXd> ref = *p;
  EXPECT_EQ(ref.data(), p->data()) << "a Ref copied its matrix";
}

TEST_F(interop_eigen, coefficients_and_members) {
  EXPECT_EQ(p(1, 1), -3);
  EXPECT_EQ((*p)(0, 1), 1);
  EXPECT_EQ(b[0], 3);
  EXPECT_EQ(b(1), -2);
  EXPECT_EQ(p->rows(), 2);
  EXPECT_EQ(p.size(), 4);
  EXPECT_EQ(p.data(), p->data());
  EXPECT_EQ(p->transpose()(0, 1), 1);
  double sum = 0;
  for (const double x : b) sum += x;
  EXPECT_EQ(sum, 1);
}

TEST_F(interop_eigen, expressions) {
  const Eigen::VectorXd product = *p * *b;
  EXPECT_TRUE(product.isApprox(Eigen::Vector2d(4, 9)));
  const Eigen::VectorXd same = p * b;
  EXPECT_EQ(same, product);
  EXPECT_EQ(Eigen::MatrixXd(p + p), 2 * *p);
  EXPECT_EQ(Eigen::MatrixXd(2 * p), *p + *p);
  EXPECT_EQ(Eigen::MatrixXd(p - *p).norm(), 0);
  EXPECT_EQ(Eigen::MatrixXd(-p), -*p);
  EXPECT_TRUE(p == *p && *p == p && p == made);
  Eigen::MatrixXd mine = p;
  mine(0, 0) = 7;
  mine += *p;
  EXPECT_EQ(mine(0, 0), 9);
  EXPECT_EQ(p(0, 0), 2);
}

TEST_F(interop_eigen, fixed_sizes_and_empty_ones) {
  const Eigen::Vector3d v(1, 2, 3);
  EXPECT_EQ(*proxy<Eigen::Vector3d>::from_bytes(s.proxy(v).to_bytes()), v);
  const auto none = s.get<Eigen::MatrixXd>(s.put(Eigen::MatrixXd(0, 3)));
  EXPECT_EQ(none.rows(), 0);
  EXPECT_EQ(none.cols(), 3);
}

TEST_F(interop_eigen, what_the_serializer_refuses_is_corrupt) {
  std::vector<std::byte> bytes(serializer<Eigen::MatrixXd>::size_bytes(*p));
  serializer<Eigen::MatrixXd>::write(*p, bytes);
  EXPECT_EQ(serializer<Eigen::MatrixXd>::read(bytes), *p);
  const auto refused = [&] { return serializer<Eigen::MatrixXd>::read(bytes); };
  bytes[0] = std::byte{3};
  EXPECT_TRUE(test::fails(errc::corrupt, refused));
  bytes.resize(5);
  EXPECT_TRUE(test::fails(errc::corrupt, refused));
}

}  // namespace
}  // namespace farhold
