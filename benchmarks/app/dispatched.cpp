// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "dispatched.hpp"

#include <algorithm>
#include <utility>

namespace farhold::bench {

namespace {

constexpr int item_tag = 1;
constexpr int done_tag = 2;

void send(const letter& what, int to, MPI_Comm comm) {
  MPI_Send(what.words.data(), static_cast<int>(what.words.size()), MPI_UINT64_T, to, item_tag, comm);
}

void receive(letter& into, int from, MPI_Comm comm) {
  MPI_Message matched = MPI_MESSAGE_NULL;
  MPI_Status status;
  MPI_Mprobe(from, item_tag, comm, &matched, &status);
  int words = 0;
  MPI_Get_count(&status, MPI_UINT64_T, &words);
  into.words.resize(static_cast<std::size_t>(words));
  MPI_Mrecv(into.words.data(), words, MPI_UINT64_T, &matched, MPI_STATUS_IGNORE);
}

class relay_run {
 public:
  relay_run(const stage& all, const workload& what, std::shared_ptr<route> by)
      : all_(all), comm_(all.comm()), who_(all), what_(what), by_(std::move(by)) {}

  void prepare() {
    right_ = true;
    payload_bytes_ = letter_bytes_ = 0;
    by_->begin();
    memory_ = memory_watch();
  }

  void run() {
    if (who_.produces()) {
      produce();
    } else if (who_.consumes()) {
      consume();
    } else {
      dispatch();
    }
  }

  bool verify() {
    grown_bytes_ = std::max(grown_bytes_, memory_.grown_bytes());
    all_.rest();  // producers have nothing more to do long before the last item is used
    by_->forget();
    return right_;
  }

  counts count() {
    counts made = by_->count();
    const auto grown = [&](bool mine) { return mine ? static_cast<double>(grown_bytes_) : not_counted; };
    made["payload through the dispatcher, B"] = static_cast<double>(payload_bytes_);  // 0 on the others
    made["letters through the dispatcher, B"] = static_cast<double>(letter_bytes_);
    made["memory of the dispatcher, peak, B"] = grown(who_.rank == 0);
    made["memory of a producer, peak, B"] = grown(who_.produces());
    made["memory of a consumer, peak, B"] = grown(who_.consumes());
    return made;
  }

 private:
  [[nodiscard]] std::uint64_t item_words() const { return what_.item_bytes / sizeof(word); }

  void produce() {
    letter mail;
    const auto step = static_cast<std::uint64_t>(who_.producers);
    for (auto item = static_cast<std::uint64_t>(who_.rank - 1); item < what_.items; item += step) {
      by_->enclose(item, item_words(), mail);
      send(mail, 0, comm_);
    }
  }

  void dispatch() {
    letter mail;
    for (std::uint64_t i = 0; i < what_.items; ++i) {
      receive(mail, MPI_ANY_SOURCE, comm_);
      payload_bytes_ += mail.payload_bytes();
      letter_bytes_ += mail.words.size() * sizeof(word);
      send(mail, 1 + who_.producers + static_cast<int>(i % static_cast<std::uint64_t>(who_.consumers)),
           comm_);
    }
    for (int i = 0; i < who_.consumers; ++i) {
      MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, done_tag, comm_, MPI_STATUS_IGNORE);
    }
  }

  void consume() {
    letter mail;
    const auto step = static_cast<std::uint64_t>(who_.consumers);
    for (auto i = static_cast<std::uint64_t>(who_.rank - 1 - who_.producers); i < what_.items; i += step) {
      receive(mail, 0, comm_);
      const bool touched = mail.item() * 100 < what_.items * what_.touched_percent;
      right_ = by_->take(mail, item_words(), touched) && right_;
    }
    MPI_Send(nullptr, 0, MPI_BYTE, 0, done_tag, comm_);
  }

  const stage& all_;
  MPI_Comm comm_;
  cast who_;
  workload what_;
  std::shared_ptr<route> by_;
  bool right_ = true;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t letter_bytes_ = 0;
  memory_watch memory_;
  std::uint64_t grown_bytes_ = 0;
};

}  // namespace

joint_body dispatched(const stage& all, const std::string& name, const workload& what,
                      std::shared_ptr<route> by) {
  const auto runs = std::make_shared<relay_run>(all, what, std::move(by));
  return {.name = name,
          .prepare = [runs] { runs->prepare(); },
          .run = [runs] { runs->run(); },
          .verify = [runs] { return runs->verify(); },
          .count = [runs] { return runs->count(); }};
}

}  // namespace farhold::bench
