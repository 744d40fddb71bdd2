// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/serializer.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>

#include "support/fails.hpp"

namespace zoo {

struct animal {
  std::string name;
  animal() = default;
  animal(const animal&) = default;
  animal& operator=(const animal&) = default;
  virtual ~animal() = default;
  [[nodiscard]] virtual int legs() const { return 0; }
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name;
  }
};

struct owned {  // a second base, so that addresses differ
  long owner = 0;
  virtual ~owned() = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& owner;
  }
};

struct dog final : owned, animal {
  std::vector<std::string> tricks;
  [[nodiscard]] int legs() const override { return 4; }
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& boost::serialization::base_object<owned>(*this);
    archive& boost::serialization::base_object<animal>(*this);
    archive& tricks;
  }
};

struct stranger final : animal {  // not exported
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& boost::serialization::base_object<animal>(*this);
  }
};

struct plant {
  virtual ~plant() = default;
  template <class Archive>
  void serialize(Archive&, unsigned /*version*/) {}
};
struct fern final : plant {  // does not archive its base
  int leaves = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& leaves;
  }
};

struct node : std::enable_shared_from_this<node> {
  int value = 0;
  std::shared_ptr<node> next;
  std::weak_ptr<node> previous;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value& next& previous;
  }
};

}  // namespace zoo

BOOST_CLASS_EXPORT(zoo::dog)
BOOST_CLASS_EXPORT(zoo::fern)

namespace farhold {
namespace {

using test::fails;

template <class T>
std::vector<std::byte> archived(const T& value) {
  std::vector<std::byte> bytes(serializer<T>::size_bytes(value));
  serializer<T>::write(value, bytes);
  return bytes;
}
template <class T>
T again(const T& value) {
  return serializer<T>::read(archived(value));
}

std::shared_ptr<zoo::dog> a_dog() {
  auto dog = std::make_shared<zoo::dog>();
  dog->name = "Rex";
  dog->owner = 7;
  dog->tricks = {"sit"};
  return dog;
}

TEST(archive_pointers, one_object_of_two_pointers_stays_one) {
  const auto dog = a_dog();
  const auto back = again(std::pair(dog, dog));
  EXPECT_EQ(back.first, back.second);
  EXPECT_EQ(back.first.use_count(), 2);
  EXPECT_NE(back.first, dog);
  EXPECT_EQ(back.first->tricks, dog->tricks);
}

TEST(archive_pointers, one_object_behind_several_classes_stays_one) {
  const auto dog = a_dog();
  using all = std::tuple<std::shared_ptr<zoo::animal>, std::shared_ptr<zoo::owned>,
                         std::shared_ptr<const zoo::dog>, std::weak_ptr<zoo::animal>>;
  const all back = again(all{dog, dog, dog, dog});
  const auto& [as_animal, as_owned, as_dog, weakly] = back;
  EXPECT_EQ(as_animal->legs(), 4);
  EXPECT_EQ(as_owned->owner, 7);
  EXPECT_EQ(dynamic_cast<const zoo::dog*>(as_animal.get()), as_dog.get());
  EXPECT_EQ(dynamic_cast<const zoo::dog*>(as_owned.get()), as_dog.get());
  EXPECT_EQ(weakly.lock(), as_animal);
}

TEST(archive_pointers, polymorphic_owner) {
  std::map<std::string, std::unique_ptr<zoo::animal>> all;
  all["dog"] = std::make_unique<zoo::dog>(*a_dog());
  all["some"] = std::make_unique<zoo::animal>();
  all["none"] = nullptr;
  const auto back = again(all);
  EXPECT_EQ(back.at("dog")->legs(), 4);
  EXPECT_EQ(back.at("dog")->name, "Rex");
  EXPECT_EQ(back.at("some")->legs(), 0);
  EXPECT_EQ(back.at("none"), nullptr);
}

TEST(archive_pointers, rings_close) {
  const auto first = std::make_shared<zoo::node>(), second = std::make_shared<zoo::node>();
  first->value = 1;
  second->value = 2;
  first->next = second;
  second->previous = first;
  second->next = first;
  const auto back = again(first);
  first->next = nullptr;
  EXPECT_EQ(back->next->value, 2);
  EXPECT_EQ(back->next->next, back);
  EXPECT_EQ(back->next->previous.lock(), back);
  EXPECT_EQ(back->shared_from_this(), back);
  back->next = nullptr;
}

TEST(archive_pointers, to_what_is_no_class) {
  EXPECT_EQ(*again(std::make_unique<int>(5)), 5);
  EXPECT_EQ(*again(std::make_shared<const std::string>("text")), "text");
  const auto shared = std::make_shared<std::vector<int>>(3, 1);
  const auto back = again(std::vector{shared, shared});
  EXPECT_EQ(back[0], back[1]);
  EXPECT_EQ(**again(std::make_unique<std::unique_ptr<double>>(std::make_unique<double>(2.5))), 2.5);
}

TEST(archive_pointers, weak_pointer_alone_expires) {
  const auto dog = a_dog();
  EXPECT_TRUE(again(std::weak_ptr<zoo::dog>(dog)).expired());
  EXPECT_TRUE(again(std::weak_ptr<zoo::dog>()).expired());
}

TEST(archive_pointers, class_that_is_not_exported_is_refused) {
  const std::unique_ptr<zoo::animal> unknown = std::make_unique<zoo::stranger>();
  EXPECT_TRUE(fails(errc::unsupported, [&] { return archived(unknown); },
                    {"zoo::stranger", "BOOST_CLASS_EXPORT(zoo::stranger)", "<farhold/serializer.hpp>"}));
  std::vector<std::byte> bytes = archived(std::unique_ptr<zoo::animal>(std::make_unique<zoo::dog>()));
  bytes[9 + 5] = std::byte{'c'};  // kind, length, then "zoo::dog"
  EXPECT_TRUE(fails(errc::unsupported, [&] { return serializer<std::unique_ptr<zoo::animal>>::read(bytes); },
                    {"zoo::cog", "BOOST_CLASS_EXPORT"}));
}

TEST(archive_pointers, class_that_does_not_archive_its_base_is_refused) {
  const std::unique_ptr<zoo::plant> fern = std::make_unique<zoo::fern>();
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return archived(fern); },
                    {"zoo::fern", "base_object<zoo::plant>"}));
}

// ---- forged

template <class T>
auto reading(std::vector<std::byte> bytes) {
  return [bytes = std::move(bytes)] { return serializer<T>::read(bytes); };
}
void patch(std::vector<std::byte>& bytes, std::size_t at, std::uint32_t number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

TEST(archive_pointers, to_an_object_of_another_class_is_corrupt) {
  using both = std::tuple<std::shared_ptr<std::string>, std::shared_ptr<zoo::dog>, std::shared_ptr<zoo::dog>>;
  const auto dog = a_dog();
  std::vector<std::byte> bytes = archived(both{std::make_shared<std::string>("text"), dog, dog});
  EXPECT_EQ(std::get<2>(serializer<both>::read(bytes))->name, "Rex");
  patch(bytes, bytes.size() - 4, 0);  // the number of the text
  EXPECT_TRUE(fails(errc::corrupt, reading<both>(bytes), {"unrelated class"}));
}

TEST(archive_pointers, to_a_class_that_does_not_derive_from_theirs_is_corrupt) {
  const std::unique_ptr<zoo::animal> dog = std::make_unique<zoo::dog>();
  EXPECT_TRUE(fails(errc::corrupt, reading<std::unique_ptr<zoo::plant>>(archived(dog)), {"unrelated class"}));
  EXPECT_TRUE(fails(errc::corrupt, reading<std::shared_ptr<zoo::plant>>(archived(dog)), {"unrelated class"}));
}

TEST(archive_pointers, to_nowhere_is_corrupt) {
  using many = std::vector<std::shared_ptr<zoo::node>>;
  const auto node = std::make_shared<zoo::node>();
  std::vector<std::byte> bytes = archived(many{node, node});
  const std::size_t number_at = bytes.size() - 4;
  patch(bytes, number_at, 1);
  EXPECT_TRUE(fails(errc::corrupt, reading<many>(bytes), {"not there before"}));
  patch(bytes, number_at, ~0U);
  EXPECT_TRUE(fails(errc::corrupt, reading<many>(bytes), {"not there before"}));
  bytes[8] = std::byte{9};  // the kind of the first
  EXPECT_TRUE(fails(errc::corrupt, reading<many>(bytes), {"of no kind"}));
}

}  // namespace
}  // namespace farhold
