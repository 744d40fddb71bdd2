// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "server.hpp"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/un.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace farhold::redis {

server::server(const options& how) : host_(how.host) {
  if (!how.unix_path.empty()) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    if (how.unix_path.size() >= sizeof path.sun_path) {
      throw error(errc::invalid_argument, "the socket's path '" + how.unix_path + "' has more than " +
                                              std::to_string(sizeof path.sun_path - 1) + " bytes");
    }
    std::memcpy(path.sun_path, how.unix_path.c_str(), how.unix_path.size() + 1);
    address one;
    std::memcpy(&one.where, &path, sizeof path);
    one.size = sizeof path;
    addresses_.push_back(one);
  } else {
    look_up(how);
  }
  if (how.tls) prepare_tls(how);
}

void server::look_up(const options& how) {
  if (how.host.empty()) {
    throw error(errc::invalid_argument,
                "a redis store needs a server: redis://host:port/db, or options::host");
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(how.host.c_str(), std::to_string(how.port).c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, [](addrinfo* list) {
    if (list != nullptr) ::freeaddrinfo(list);
  });
  if (problem != 0 || found == nullptr) {
    throw error(errc::unreachable, "the redis server's host '" + how.host + "' is not known here: " +
                                       ::gai_strerror(problem) + "; look at its name");
  }
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    address one;
    std::memcpy(&one.where, at->ai_addr, at->ai_addrlen);
    one.size = at->ai_addrlen;
    addresses_.push_back(one);
  }
}

void server::prepare_tls(const options& how) {
  tls_.reset(SSL_CTX_new(TLS_client_method()));
  if (tls_ == nullptr) throw error(errc::out_of_memory, "no memory for TLS");
  SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool known = how.ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(tls_.get()) == 1
                         : SSL_CTX_load_verify_locations(tls_.get(), how.ca_file.c_str(), nullptr) == 1;
  ERR_clear_error();
  if (!known) {
    throw error(errc::invalid_argument,
                "'" + how.ca_file + "' holds no certificates (PEM) to check the redis server's against");
  }
}

SSL* server::new_tls() const noexcept {
  std::unique_ptr<SSL, void (*)(SSL*)> made(SSL_new(tls_.get()), SSL_free);
  if (made == nullptr) return nullptr;
  in6_addr ignored{};
  const bool number = ::inet_pton(AF_INET, host_.c_str(), &ignored) == 1 ||
                      ::inet_pton(AF_INET6, host_.c_str(), &ignored) == 1;
  const bool told = number ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(made.get()), host_.c_str()) == 1
                           : SSL_set1_host(made.get(), host_.c_str()) == 1 &&
                                 SSL_set_tlsext_host_name(made.get(), host_.c_str()) == 1;
  return told ? made.release() : nullptr;
}

}  // namespace farhold::redis
