// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <farhold/error.hpp>
#include <farhold/factory.hpp>
#include <farhold/named_factory.hpp>
#include <farhold/serializer.hpp>

#include "commands.hpp"
#include "offered_file.hpp"
#include "text.hpp"
#include "token_reader.hpp"

namespace farhold::tools {

namespace {

using nlohmann::json;

/// The name in a token that `store_factory` took for one of a registered factory, so that its checksum is
/// right.
std::string factory_name(byte_view token) {
  constexpr std::size_t head_bytes = 5;
  const std::size_t size = token.size() > head_bytes ? std::to_integer<std::size_t>(token[head_bytes]) : 0;
  if (token.size() < head_bytes + 1 + size) return "?";
  return {reinterpret_cast<const char*>(token.data()) + head_bytes + 1, size};
}

json describe_factory(byte_view token) {
  return {{"kind", "factory"}, {"name", printable(factory_name(token))}};
}

json describe_object(const store_factory& what) {
  const type_id offered = detail::type_of<offered_file>();
  json made{{"kind", what.object().type() == offered ? "file" : "object"},
            {"type", printable(describe(what.object().type()))},
            {"size_bytes", what.object().size_bytes()},
            {"inlined", what.inlined()},
            {"store", printable(what.store_name())},
            {"uri", printable(what.uri())}};
  if (!what.inlined()) made["key"] = what.object().to_string();
  return made;
}

json describe_token(const std::string& text) {
  const std::vector<std::byte> token = detail::token_bytes(text);
  json made;
  try {
    made = describe_object(store_factory::decode(token));
  } catch (const error& problem) {
    if (problem.kind() != errc::unsupported || !detail::is_named_factory(token)) throw;
    made = describe_factory(token);
  }
  made["token_bytes"] = token.size();
  return made;
}

std::string as_text(const json& token) {
  std::string made;
  const auto row = [&](std::string_view label, const std::string& value) {
    made += fmt::format("{:<8}{}\n", label, value);
  };
  const auto text = [&](const char* key) { return token.at(key).get<std::string>(); };
  if (text("kind") == "factory") {
    row("names", "a call of the registered factory '" + text("name") + "', and no object");
    row("reach", "programs that register a factory of that name");
    return made;
  }
  const std::string size = human_bytes(token.at("size_bytes").get<std::uint64_t>());
  if (text("kind") == "file") {
    row("names", "a file that farhold put offers");
    row("list", size + " that tell name, size and chunks of the file");
  } else {
    row("names", text("type"));
    row("size", size);
  }
  if (token.at("inlined").get<bool>()) {
    row("where", "in the token itself");
  } else {
    row("where",
        text("uri").empty() ? "a store that both sides have open (the token is a compact one)" : text("uri"));
    row("key", text("key"));
  }
  row("store", text("store").empty() ? "not open here" : "'" + text("store") + "'");
  return made;
}

}  // namespace

int inspect(const options::inspect_options& how) {
  token_reader tokens(how.tokens, {});
  for (bool first = true; const auto token = tokens.next(); first = false) {
    const json described = describe_token(*token);
    const std::string text = how.json ? described.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"
                                      : (first ? "" : "\n") + as_text(described);
    std::fputs(text.c_str(), stdout);
  }
  return 0;
}

}  // namespace farhold::tools
