// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "roles.hpp"

#include <cstdio>
#include <map>
#include <stdexcept>

#include "mail.hpp"
#include "simulation.hpp"

namespace gray_scott {
namespace {

std::filesystem::path frame_file(const std::filesystem::path& directory, int frame) {
  std::string number = std::to_string(frame);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return directory / ("frame_" + number + ".png");
}

/// Blocks until the analysis is done with `frame`.
void wait_until_done(std::int32_t frame, const crew& who, frame_route& route) {
  std::vector<std::byte> message;
  receive_bytes(message, who.analysis(), mail_tag::done, who.everyone());
  route.retire(frame);
}

}  // namespace

crew::crew(MPI_Comm world) {
  MPI_Comm_rank(world, &rank_);
  MPI_Comm_size(world, &size_);
  MPI_Comm_dup(world, &everyone_);
  MPI_Comm_split(world, rank_ < simulations() ? 0 : MPI_UNDEFINED, rank_, &ring_);
}

crew::~crew() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized != 0) {
    return;
  }
  if (ring_ != MPI_COMM_NULL) {
    MPI_Comm_free(&ring_);
  }
  if (everyone_ != MPI_COMM_NULL) {
    MPI_Comm_free(&everyone_);
  }
}

const char* crew::role() const {
  if (rank_ == analysis()) {
    return "analysis";
  }
  return rank_ == dispatcher() ? "dispatcher" : "simulation";
}

int frames_in(const parameters& numbers) {
  return numbers.steps / numbers.frame_every + 1;  // the first shows the seed
}

void simulate(const crew& who, const parameters& numbers, std::span<const double> seed, frame_route& route,
              progress& shown) {
  simulation reaction(numbers, seed, who.ring());
  const slab where = reaction.where();
  std::int32_t frame = 0;
  for (int step = 0; step <= numbers.steps; ++step) {
    if (step > 0) {
      reaction.step();
    }
    if (step % numbers.frame_every == 0) {
      // Bounds what lies in this rank's memory: with as many frames in flight as agreed, wait for the oldest.
      if (frame >= numbers.frames_in_flight) {
        wait_until_done(frame - numbers.frames_in_flight, who, route);
      }
      const frame_descriptor about{.frame = frame,
                                   .step = step,
                                   .simulation_rank = who.rank(),
                                   .first_row = where.first_row,
                                   .rows = where.rows};
      const std::vector<std::byte> message = route.enclose(about, reaction.u(), reaction.v());
      send_bytes(message, who.dispatcher(), mail_tag::frame, who.everyone());
      ++frame;
    }
    shown.update(step);
  }
  for (std::int32_t last = std::max(0, frame - numbers.frames_in_flight); last < frame; ++last) {
    wait_until_done(last, who, route);
  }
  shown.finish();
}

traffic dispatch(const crew& who, const parameters& numbers) {
  // It chooses the route and nothing else: here there is one analysis rank, so even that is simple. It holds
  // no proxy, opens no token and, by proxy, never sees a cell.
  traffic handled;
  std::vector<std::byte> message;
  for (int left = frames_in(numbers) * who.simulations(); left > 0; --left) {
    receive_bytes(message, MPI_ANY_SOURCE, mail_tag::frame, who.everyone());
    const letter mail = read_letter(message);
    (mail.descriptor.parts == content::payload ? handled.payload_bytes : handled.token_bytes) +=
        mail.u.size() + mail.v.size();
    send_bytes(message, who.analysis(), mail_tag::frame, who.everyone());
  }
  return handled;
}

findings analyse(const crew& who, const parameters& numbers, frame_route& route,
                 const std::filesystem::path& directory) {
  findings result;
  contact_sheet sheet;
  std::map<std::int32_t, frame_analysis> unfinished;
  std::vector<std::byte> message;
  while (static_cast<int>(result.frames.size()) < frames_in(numbers)) {
    receive_bytes(message, who.dispatcher(), mail_tag::frame, who.everyone());
    const letter mail = read_letter(message);
    frame_analysis& frame =
        unfinished.try_emplace(mail.descriptor.frame, numbers, who.simulations()).first->second;
    route.deliver(mail, frame);
    if (!frame.complete()) {
      continue;
    }
    // Frames finish in order: every rank mails them in order, and the dispatcher keeps the order it gets.
    for (int rank = 0; rank < who.simulations(); ++rank) {
      send_bytes({}, rank, mail_tag::done, who.everyone());
    }
    result.frames.push_back(frame.statistics());
    const picture image = render(frame.v(), numbers);
    write_png(frame_file(directory, result.frames.back().frame), image);
    sheet.add(image, result.frames.back().step);
    unfinished.erase(result.frames.back().frame);
  }
  result.sheet = sheet.finished();
  return result;
}

}  // namespace gray_scott
