// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <hiredis/hiredis.h>

#include <farhold/bytes.hpp>

namespace farhold::bench {

struct reply_deleter {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using reply_ptr = std::unique_ptr<redisReply, reply_deleter>;

/// hiredis as its documentation uses it.
class raw_client {
 public:
  explicit raw_client(const std::string& socket) : context_(redisConnectUnix(socket.c_str())) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("hiredis does not connect");
  }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client() { redisFree(context_); }

  void set(const std::string& name, byte_view value) {
    checked(redisCommand(context_, "SET %b %b", name.data(), name.size(), value.data(), value.size()));
  }
  reply_ptr get(const std::string& name) {
    return checked(redisCommand(context_, "GET %b", name.data(), name.size()));
  }
  void ask(const std::string& name) { redisAppendCommand(context_, "GET %b", name.data(), name.size()); }
  reply_ptr answer() {
    void* reply = nullptr;
    if (redisGetReply(context_, &reply) != REDIS_OK) throw std::runtime_error("hiredis has no reply");
    return checked(reply);
  }

 private:
  static reply_ptr checked(void* reply) {
    reply_ptr owned(static_cast<redisReply*>(reply));
    if (owned == nullptr || owned->type == REDIS_REPLY_ERROR) throw std::runtime_error("a command failed");
    return owned;
  }
  redisContext* context_;
};

}  // namespace farhold::bench
