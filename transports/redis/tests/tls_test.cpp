// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// rediss://, with an authority of the test's own.
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>

#include "conformance/outcome.hpp"
#include "redis_server.hpp"

namespace farhold::redis {
namespace {

using conformance::fails_with;
using conformance::outcome;
using conformance::outcome_of;
using numbers = std::vector<double>;

void run(const std::string& command) {
  ASSERT_EQ(0, std::system((command + " 2>/dev/null").c_str())) << command;
}

/// An authority and certificates that it signed, in a directory that ends with the first server.
class redis_tls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string in = plain().directory() + "/";
    for (const std::string name : {"ca", "stranger"}) {
      run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=farhold-test-" + name + " -keyout " +
          in + name + ".key -out " + in + name + ".pem");
    }
    certify("good", "IP:127.0.0.1,DNS:localhost");
    certify("elsewhere", "DNS:elsewhere.example");
  }
  static void TearDownTestSuite() { plain_.reset(); }

  static redis_server& plain() {
    if (plain_ == nullptr) plain_ = std::make_unique<redis_server>();
    return *plain_;
  }
  static std::string file(const std::string& name) { return plain().directory() + "/" + name; }

  static void certify(const std::string& name, const std::string& names) {
    const std::string at = file(name);
    run("openssl req -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + at + ".key -out " + at +
        ".csr");
    run("printf 'subjectAltName=" + names + "' > " + at + ".ext");
    run("openssl x509 -req -days 2 -in " + at + ".csr -CA " + file("ca.pem") + " -CAkey " + file("ca.key") +
        " -CAcreateserial -extfile " + at + ".ext -out " + at + ".pem");
  }

  /// A server that speaks TLS on a port of its own.
  struct secret {
    explicit secret(const std::string& certificate)
        : port(free_port()),
          server({"--tls-port", std::to_string(port), "--tls-cert-file", file(certificate + ".pem"),
                  "--tls-key-file", file(certificate + ".key"), "--tls-ca-cert-file", file("ca.pem"),
                  "--tls-auth-clients", "no"}) {}
    [[nodiscard]] std::string uri(const std::string& host, const std::string& options) const {
      return "rediss://" + host + ":" + std::to_string(port) + "/0" + options;
    }
    std::uint16_t port;
    redis_server server;
  };

  static inline std::unique_ptr<redis_server> plain_;
};

TEST_F(redis_tls, objects_travel_through_a_server_whose_certificate_is_signed) {
  const secret s("good");
  const std::string ca = "?ca=" + file("ca.pem");
  store by_number = store::open("number", s.uri("127.0.0.1", ca + "&chunk=1MiB"), {.inline_bytes = 0});
  const numbers small(100, 1.5), large(1'000'000, 2.5);
  const key first = by_number.put(small);
  const key second = by_number.put(large);
  EXPECT_EQ(by_number.get<numbers>(first), small);
  EXPECT_EQ(by_number.get<numbers>(second), large);
  const std::vector<numbers> many(300, small);
  EXPECT_EQ(by_number.get_batch<numbers>(by_number.put_batch(many)), many);
  by_number.evict(first);
  EXPECT_THAT(outcome_of([&] { return by_number.get<numbers>(first); }), fails_with(errc::stale));

  const std::string token = by_number.proxy_from_key<numbers>(second).to_string();
  by_number.close();
  // Who opens it from the token trusts whom his environment trusts.
  const auto p = proxy<numbers>::from_string(token);
  EXPECT_THAT(outcome_of([&] { return *p; }), fails_with(errc::permission));
  ::setenv("SSL_CERT_FILE", file("ca.pem").c_str(), 1);
  EXPECT_EQ(*p, large);
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(redis_tls, a_certificate_of_strangers_or_for_another_host_is_refused) {
  const secret good("good");
  const auto opening = [](const std::string& uri) {
    return outcome_of([&] { return registry::global().open(uri) != nullptr; });
  };
  const outcome told = opening(good.uri("127.0.0.1", "?ca=" + file("stranger.pem")));
  EXPECT_THAT(told, fails_with(errc::permission));
  EXPECT_THAT(told.message, testing::HasSubstr("certificate"));
  EXPECT_THAT(opening(good.uri("127.0.0.1", "")), fails_with(errc::permission)) << "not one of the system's";
  EXPECT_THAT(opening(good.uri("127.0.0.1", "?ca=/nowhere.pem")), fails_with(errc::invalid_argument));
  const secret elsewhere("elsewhere");
  EXPECT_THAT(opening(elsewhere.uri("127.0.0.1", "?ca=" + file("ca.pem"))), fails_with(errc::permission));
  EXPECT_THAT(opening(elsewhere.uri("localhost", "?ca=" + file("ca.pem"))), fails_with(errc::permission));
  EXPECT_NE(opening("rediss://127.0.0.1:" + std::to_string(plain().port()) + "/0?ca=" + file("ca.pem")).kind,
            errc::ok)
      << "a server without TLS";
}

TEST_F(redis_tls, a_server_that_is_killed_is_waited_for) {
  secret s("good");
  store open = store::open("killed", s.uri("127.0.0.1", "?ca=" + file("ca.pem")), {.inline_bytes = 0});
  static_cast<void>(open.put(numbers(100, 1.5)));
  s.server.kill();
  EXPECT_THAT(outcome_of([&] { return open.put(numbers(1), {.timeout = std::chrono::milliseconds(200)}); }),
              fails_with(errc::unreachable))
      << "and not SIGPIPE";
  s.server.start();
  EXPECT_EQ(open.get<numbers>(open.put(numbers(100, 2.5))), numbers(100, 2.5));
}

}  // namespace
}  // namespace farhold::redis
