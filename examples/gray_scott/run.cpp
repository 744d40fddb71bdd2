// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "run.hpp"

#include <chrono>
#include <iostream>
#include <utility>

#include "report.hpp"
#include "seed.hpp"

namespace gray_scott {

void together(const crew& who, int rank, const std::function<void()>& work) {
  int failed = 0;
  if (who.rank() == rank) {
    try {
      work();
    } catch (const input_error& error) {
      std::cerr << "gray_scott: " << error.what() << std::endl;
      failed = 1;
    }
  }
  MPI_Bcast(&failed, 1, MPI_INT, rank, who.everyone());
  if (failed != 0) {
    throw early_exit{2};
  }
}

set_up prepared(const crew& who, const options& wanted) {
  set_up result;
  parameters& numbers = result.numbers;
  together(who, 0, [&] {
    const parameter_file file = read_parameters(wanted.parameters);
    numbers = file.numbers;
    if (numbers.rows < who.simulations()) {
      throw input_error("\"rows\" is " + std::to_string(numbers.rows) + ", fewer than the " +
                        std::to_string(who.simulations()) +
                        " simulation ranks; raise it, or use fewer ranks");
    }
    const auto& image = wanted.seed_image.empty() ? file.seed_image : wanted.seed_image;
    result.seed = image.empty() ? spot_seed(numbers) : picture_seed(numbers, image);
  });
  MPI_Bcast(&numbers, sizeof numbers, MPI_BYTE, 0, who.everyone());
  // The ranks that simulate get the whole seed: simple, and at most 2 GiB once.
  if (who.ring() != MPI_COMM_NULL) {
    result.seed.resize(static_cast<std::size_t>(numbers.rows) * static_cast<std::size_t>(numbers.columns));
    MPI_Bcast(result.seed.data(), static_cast<int>(result.seed.size()), MPI_DOUBLE, 0, who.ring());
  }
  return result;
}

work_done work(const crew& who, const set_up& start, frame_route& route,
               const std::filesystem::path& directory, progress_mode mode, const std::string& label) {
  work_done result;
  MPI_Barrier(who.everyone());
  const auto begin = std::chrono::steady_clock::now();
  if (who.rank() == who.analysis()) {
    result.found = analyse(who, start.numbers, route, directory);
  } else if (who.rank() == who.dispatcher()) {
    result.forwarded = dispatch(who, start.numbers);
  } else {
    progress shown(who.rank() == 0 ? mode : progress_mode::off, label, start.numbers.steps);
    simulate(who, start.numbers, start.seed, route, shown);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

outcome run(way w, const std::string& label, const crew& who, const options& wanted, const set_up& start) {
  const std::filesystem::path directory = wanted.output / name_of(w);
  together(who, who.analysis(), [&] {
    std::error_code failure;
    std::filesystem::create_directories(directory, failure);
    if (failure) {
      throw input_error(directory.string() + ": cannot be made (" + failure.message() +
                        "); choose another place with --output");
    }
  });
  const std::unique_ptr<frame_route> route = open_route(w, start.numbers, who.everyone());
  work_done done = work(who, start, *route, directory, wanted.progress, label);
  route->close();

  traffic handled = route->counted();
  handled.payload_bytes += done.forwarded.payload_bytes;
  handled.token_bytes += done.forwarded.token_bytes;
  return {std::move(done.found),
          gathered(rank_line(who, handled, done.seconds, start.numbers.steps), who.everyone()), done.seconds};
}

}  // namespace gray_scott
