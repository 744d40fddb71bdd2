// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/archive/text_iarchive.hpp>
#include <boost/archive/text_oarchive.hpp>
#include <boost/archive/xml_iarchive.hpp>
#include <boost/archive/xml_oarchive.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

struct task {
  std::string name;
  std::map<std::string, proxy<doubles>> inputs;
  proxy<std::string> note;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& BOOST_SERIALIZATION_NVP(name) & BOOST_SERIALIZATION_NVP(inputs) & BOOST_SERIALIZATION_NVP(note);
  }
};

template <class Out, class In>
struct archives {
  using out = Out;
  using in = In;
};

template <class Archives>
struct proxy_in_archive : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"travel", test::watched(watch), {.inline_bytes = 64}};
  std::stringstream stream;

  template <class T>
  T there_and_back(const T& object) {
    {
      typename Archives::out archive(stream);
      archive << boost::serialization::make_nvp("object", object);
    }
    T back{};
    typename Archives::in archive(stream);
    archive >> boost::serialization::make_nvp("object", back);
    return back;
  }
};
using every_archive =
    testing::Types<archives<boost::archive::text_oarchive, boost::archive::text_iarchive>,
                   archives<boost::archive::binary_oarchive, boost::archive::binary_iarchive>,
                   archives<boost::archive::xml_oarchive, boost::archive::xml_iarchive>>;
TYPED_TEST_SUITE(proxy_in_archive, every_archive);

TYPED_TEST(proxy_in_archive, travels_as_a_token_and_not_as_its_target) {
  const auto p = this->s.proxy(doubles(1000, 0.5));
  const auto q = this->there_and_back(p);
  EXPECT_FALSE(p.resolved());
  EXPECT_FALSE(q.resolved());
  EXPECT_EQ(this->watch->gets, 0);
  EXPECT_LT(this->stream.str().size(), 600U);
  EXPECT_EQ(q.key(), p.key());
  EXPECT_EQ(q, doubles(1000, 0.5));
}

TYPED_TEST(proxy_in_archive, travels_resolved_as_well) {
  const auto p = this->s.proxy(doubles(1000, 0.5));
  p.resolve();
  EXPECT_FALSE(this->there_and_back(p).resolved());
}

TYPED_TEST(proxy_in_archive, travels_with_its_inline_object) {
  EXPECT_EQ(this->there_and_back(this->s.proxy(doubles{1, 2})), (doubles{1, 2}));
  EXPECT_EQ(this->there_and_back(this->s.proxy(std::string("<&\"]]>"))), "<&\"]]>");
}

TYPED_TEST(proxy_in_archive, may_be_empty) { EXPECT_FALSE(this->there_and_back(proxy<doubles>()).valid()); }

TYPED_TEST(proxy_in_archive, nests) {
  const task t = {
      "mean", {{"a", this->s.proxy(doubles(50, 1))}, {"b", {}}}, this->s.proxy(std::string("note"))};
  const task back = this->there_and_back(t);
  EXPECT_EQ(back.name, "mean");
  EXPECT_EQ(back.inputs.at("a"), doubles(50, 1));
  EXPECT_FALSE(back.inputs.at("b").valid());
  EXPECT_EQ(back.note, "note");
  const std::vector<proxy<doubles>> many(5, this->s.proxy(doubles(50, 2)));
  EXPECT_EQ(this->there_and_back(many)[4], doubles(50, 2));
}

TYPED_TEST(proxy_in_archive, that_cannot_travel_says_so) {
  const proxy<int> p{factory<int>([] { return 1; })};
  EXPECT_TRUE(fails(errc::unsupported, [&] { return this->there_and_back(p).valid(); }, {"plain function"}));
}

TYPED_TEST(proxy_in_archive, of_another_type_is_refused) {
  const auto p = this->s.proxy(doubles(50, 1));
  {
    typename TypeParam::out archive(this->stream);
    archive << boost::serialization::make_nvp("object", p);
  }
  proxy<std::vector<float>> q;
  typename TypeParam::in archive(this->stream);
  EXPECT_TRUE(fails(errc::wrong_type, [&] {
    archive >> boost::serialization::make_nvp("object", q);
    return 0;
  }));
  EXPECT_FALSE(q.valid());
}

TEST(travelling, through_the_environment) {
  store s("travel", local::connector());
  const auto p = s.proxy_from_key<doubles>(s.put(doubles{1, 2, 3}));
  ASSERT_EQ(setenv("FARHOLD_TEST_TOKEN", p.to_string().c_str(), 1), 0);
  EXPECT_EQ(proxy<doubles>::from_string(std::getenv("FARHOLD_TEST_TOKEN")), p);
}

TEST(travelling, keeps_the_object_not_the_target) {
  store s("travel", local::connector());
  const auto p = s.proxy_from_key<doubles>(s.put(doubles{1, 2, 3}));
  p.resolve();
  const auto q = proxy<doubles>::from_bytes(p.to_bytes(token_form::compact));
  EXPECT_FALSE(q.resolved());
  s.evict(p.key());
  EXPECT_TRUE(fails(errc::stale, [&] { return q.resolve(); }));
  EXPECT_EQ(p.size(), 3U);
}

}  // namespace
}  // namespace farhold
