// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "command_line.hpp"
#include "exit_codes.hpp"

namespace farhold::tools {

namespace {

/// Text as roff takes it: no hyphen that is a dash, no line that is a request.
std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '-' || c == '\\')
      made += c == '-' ? "\\-" : "\\e";
    else if ((c == '.' || c == '\'') && (made.empty() || made.back() == '\n'))
      made += std::string("\\&") + c;
    else
      made += c;
  }
  return made;
}

std::string paragraphs(const std::string& text) {
  std::string made;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find("\n\n", from), text.size());
    made += (from == 0 ? "" : ".PP\n") + escaped(text.substr(from, to - from)) + "\n";
    from = std::min(to + 2, text.size());
  }
  return made;
}

std::string synopsis(const command& of) {
  std::string made = ".B farhold " + of.name + "\n";
  for (const argument& one : of.arguments) {
    if (!one.positional())
      made += fmt::format("[\\fB\\-\\-{}\\fR{}]\n", escaped(one.long_name),
                          one.value.empty() ? "" : " \\fI" + one.value + "\\fR");
  }
  for (const argument& one : of.arguments) {
    if (one.positional()) made += fmt::format("\\fI{}\\fR{}\n", one.value, one.many ? " ..." : "");
  }
  return made;
}

std::string tag(const argument& one) {
  if (one.positional()) return fmt::format("\\fI{}\\fR{}", one.value, one.many ? " ..." : "");
  std::string made;
  if (!one.short_name.empty()) made += "\\fB\\-" + one.short_name + "\\fR, ";
  made += "\\fB\\-\\-" + escaped(one.long_name) + "\\fR";
  return one.value.empty() ? made : made + " \\fI" + one.value + "\\fR";
}

std::string section(const command& of) {
  std::string made = fmt::format(".SS farhold {}\n{}.\n", of.name, escaped(of.description));
  for (const argument& one : of.arguments) {
    made += ".TP\n" + tag(one) + "\n" + escaped(one.description) + "\n";
    if (!one.environment.empty()) made += fmt::format("(environment: {})\n", one.environment);
  }
  return made + ".PP\n" + paragraphs(of.footer);
}

constexpr std::string_view description =
    "A token is one word of text that names bytes in the memory of a process. "
    "Whoever is given it, by mail, file or environment, brings the bytes straight from there, and no process "
    "between the two "
    "carries them.\n\n"
    "Tokens are no secrets and are not signed; who may read is up to the scheme: on one host the same user, "
    "and nobody else; between hosts who has the same secret.";

constexpr std::string_view examples = R"(Move a file between two shells:
.PP
.EX
one$ farhold put results.h5
fholAQEHZmFyaG9sZCZz...
farhold: results.h5: 4.0 GiB, read where it lies
.EE
.PP
.EX
two$ farhold get fholAQEHZmFyaG9sZCZz... \-o results.h5
.EE
.PP
In one line, and put ends when the file has arrived:
.PP
.EX
farhold put \-\-reads 1 results.h5 | farhold get \- \-o copy.h5
.EE
.PP
Anything that comes through a pipe:
.PP
.EX
tar c folder | farhold put \-\-reads 1 \- >token
farhold get \- <token | tar x
.EE
.PP
Between two hosts that see the same home folder:
.PP
.EX
one$ (umask 077; head \-c 32 /dev/urandom | base64 >~/.farhold_secret)
one$ FARHOLD_SECRET_FILE=~/.farhold_secret farhold put \-\-reads 1 results.h5 >~/token
two$ FARHOLD_SECRET_FILE=~/.farhold_secret farhold get \- <~/token \-o results.h5
.EE
)";

}  // namespace

std::string manual_page(const std::vector<command>& commands) {
  std::string made = fmt::format(
      ".\\\" Generated from the definition of the command line.\n"
      ".TH FARHOLD 1 \"\" \"farhold {}\" \"User Commands\"\n"
      ".SH NAME\nfarhold \\- {}\n.SH SYNOPSIS\n",
      FARHOLD_VERSION, escaped(commands.front().description));
  for (std::size_t i = 1; i < commands.size(); ++i) made += (i > 1 ? ".br\n" : "") + synopsis(commands[i]);
  made += ".SH DESCRIPTION\n" + paragraphs(std::string(description));
  made += ".SH COMMANDS\nEach tells its options with \\fB\\-\\-help\\fR, too.\n";
  for (std::size_t i = 1; i < commands.size(); ++i) made += section(commands[i]);
  made +=
      ".SH SCHEMES\n" +
      paragraphs(
          "A store is named by a URI, scheme://rest?option=value. Without one, put takes the scheme that "
          "reaches "
          "farthest. farhold info lists the schemes of this build and tries them; their options are in the "
          "pages of the transports that come with farhold. get needs none: it is in the token.");
  made += ".SH EXIT STATUS\n";
  for (const exit_meaning& one : exit_meanings())
    made += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", one.code, one.name.empty() ? "" : " " + escaped(one.name),
                        escaped(one.meaning));
  made += ".PP\nA signal that ends get ends it as any other command, after it removed what it had written.\n";
  made +=
      ".SH ENVIRONMENT\n.TP\n\\fBFARHOLD_STORE\\fR\nstands for \\fB\\-\\-store\\fR.\n"
      ".TP\n\\fBFARHOLD_SECRET_FILE\\fR\na file with the same random bytes for all who may read each other's "
      "objects; with it put reaches other hosts. It must be its user's alone (chmod 600). "
      "\\fBFARHOLD_SECRET\\fR is "
      "the secret itself.\n"
      ".TP\n\\fBFARHOLD_ADMIT\\fR\n\\(lqanyone\\(rq: put reaches other hosts without a secret, and whoever "
      "holds a token may read.\n"
      ".TP\n\\fBFARHOLD_LOG\\fR\n\\(lqstderr\\(rq: the library tells there what it notices.\n";
  return made + ".SH EXAMPLES\n" + std::string(examples);
}

}  // namespace farhold::tools
