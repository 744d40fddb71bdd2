// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <farhold/detail/store_core.hpp>
#include <farhold/error.hpp>
#include <farhold/factory.hpp>

#include "commands.hpp"
#include "offered_file.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "signals.hpp"
#include "stored_bytes.hpp"
#include "text.hpp"
#include "token_reader.hpp"

namespace farhold::tools {

namespace {

class fetcher {
 public:
  fetcher(const options::get_options& how, std::stop_token stop)
      : call_{.timeout = how.timeout, .stop = std::move(stop)},
        bar_shown_(!how.quiet && ::isatty(STDERR_FILENO) == 1) {
    if (std::filesystem::is_directory(how.output)) {
      folder_ = how.output;
    } else if (how.output.empty()) {
      output_ = stream_output::standard();
    } else {
      output_ = open_output(how.output);
    }
  }

  void fetch(const std::string& token) {
    const store_factory what = store_factory::from_text(token);
    if (what.object().type() == detail::type_of<offered_file>()) {
      fetch_file(token);
    } else {
      fetch_object(what);
    }
  }

  void finish() {
    if (output_ != nullptr) output_->commit();
  }

 private:
  void fetch_file(const std::string& token) {
    // Out of its proxy, or that would keep copies of all chunks' proxies, and so all chunks.
    offered_file offered = proxy<offered_file>::from_string(token).extract(call_);
    check(offered);
    deliver(offered.name, offered.size_bytes, [&](output& to, progress_bar& bar) {
      // One chunk is written while the next is on its way. Chunks are fetched and dropped by this thread, so
      // that the landing memory of one is that of another soon.
      proxy<file_chunk> previous;
      std::future<void> writing;
      for (auto& chunk : offered.chunks) {
        // A read that need not wait does not ask.
        if (call_.stop.stop_requested()) throw error(errc::cancelled, "stopped");
        const file_chunk& here = chunk.resolve(call_);
        if (writing.valid()) writing.get();
        previous = std::exchange(chunk, {});
        writing = std::async(std::launch::async, [&to, &here] { to.write(here); });
        bar.advance(here.size());
      }
      if (writing.valid()) writing.get();
    });
    try {
      give_receipt(offered);
    } catch (const error& problem) {
      say(fmt::format("{} is here, but its producer could not be told: {}", printable(offered.name),
                      problem.what()));
    }
  }

  void fetch_object(const store_factory& what) {
    const std::uint64_t size_bytes = what.object().size_bytes();
    // The type's number: what the object is called is not in its token.
    const std::string name = "object-" + what.object().to_string().substr(0, 16);
    deliver(name, size_bytes, [&](output& to, progress_bar& bar) {
      if (what.inlined()) {
        to.write(what.payload());
      } else {
        const boost::intrusive_ptr<stored_bytes> landed(new stored_bytes);
        what.open_store()->read(what.object(), *landed, call_);
        to.write(landed->bytes(size_bytes));
      }
      bar.advance(size_bytes);
    });
  }

  template <class Write>
  void deliver(const std::string& name, std::uint64_t size_bytes, Write write) {
    std::unique_ptr<output> own;
    if (folder_) own = std::make_unique<file_output>(*folder_ / name, false);
    output& to = folder_ ? *own : *output_;
    to.expect(size_bytes);
    progress_bar bar(name, size_bytes, bar_shown_);
    write(to, bar);
    if (own != nullptr) own->commit();
  }

  call_options call_;
  bool bar_shown_;
  std::optional<std::filesystem::path> folder_;
  std::unique_ptr<output> output_;  // of all tokens, unless they go into a folder
};

}  // namespace

int get(const options::get_options& how) {
  // Nothing is to be tidied up after writing to stdout: there a signal ends the process as any other.
  std::optional<interruption> interrupted;
  if (!how.output.empty()) interrupted.emplace();
  const std::stop_token stop = interrupted ? interrupted->token() : std::stop_token();
  try {
    token_reader tokens(how.tokens, stop);
    fetcher into(how, stop);
    while (const auto token = tokens.next()) into.fetch(*token);
    into.finish();
  } catch (...) {
    if (interrupted && interrupted->signal() != 0) end_by(interrupted->signal());
    throw;
  }
  return 0;
}

}  // namespace farhold::tools
