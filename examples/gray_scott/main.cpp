// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Gray-Scott reaction-diffusion on several ranks. Fields go to the analysis rank as farhold proxies, passed
// on by a dispatcher that never sees a cell; the same run by value shows the difference. Read roles.cpp
// first.
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <mpi.h>

#include "options.hpp"
#include "report.hpp"
#include "run.hpp"

namespace gray_scott {
namespace {

/// The statistics are on the analysis rank, the report is written on rank 0. Collective.
nlohmann::json brought_to_rank_0(const std::vector<frame_statistics>& frames, const crew& who) {
  nlohmann::json mine = nlohmann::json::array();
  for (const frame_statistics& frame : frames) {
    mine.push_back(to_json(frame));
  }
  const nlohmann::json all = gathered(mine, who.everyone());
  return who.rank() == 0 ? all.back() : nlohmann::json();
}

void require_three_ranks() {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size >= 3) {
    return;
  }
  if (rank == 0) {
    std::cerr
        << "gray_scott: there are three roles (simulation, dispatcher, analysis) but " << size
        << (size == 1 ? " rank" : " ranks")
        << "; start it with 3 or more, for example mpirun -n 5. (If you did, the launcher belongs to another"
           " MPI than the one it was built with.)\n";
  }
  throw early_exit{2};
}

int run_all(const options& wanted) {
  require_three_ranks();
  const crew who(MPI_COMM_WORLD);
  const set_up start = prepared(who, wanted);
  std::ofstream report_file;
  together(who, 0, [&] {  // now rather than when the work is done
    if (!wanted.report.empty() && (report_file.open(wanted.report), !report_file)) {
      throw input_error(wanted.report.string() + ": cannot be written; choose another place with --report");
    }
  });

  nlohmann::json report{
      {"example", "gray_scott"}, {"ranks", who.size()}, {"parameters", to_json(start.numbers)}};
  std::string tables;
  std::vector<frame_statistics> first;
  bool equal = true;
  for (std::size_t i = 0; i < wanted.ways.size(); ++i) {
    const way w = wanted.ways[i];
    std::string label = "[";
    label += std::to_string(i + 1) + "/" + std::to_string(wanted.ways.size()) + " " + name_of(w) + "]";
    const outcome result = run(w, label, who, wanted, start);
    together(who, who.analysis(), [&] {
      if (i == 0) {
        first = result.found.frames;
        write_png(wanted.output / "contact_sheet.png", result.found.sheet);
      } else if (const auto unequal = difference(first, result.found.frames)) {
        std::cerr << "gray_scott: FAILED: " << name_of(wanted.ways.front()) << " and " << name_of(w)
                  << " gave different statistics: " << *unequal << std::endl;
        equal = false;
      }
    });
    tables += table(title_of(w), result.seconds, result.lines) + "\n";
    report["ways"].push_back({{"way", name_of(w)},
                              {"seconds", result.seconds},
                              {"ranks", result.lines},
                              {"frames", brought_to_rank_0(result.found.frames, who)}});
  }
  MPI_Bcast(&equal, 1, MPI_CXX_BOOL, who.analysis(), who.everyone());
  report["bitwise_equal"] = equal;

  if (who.rank() == 0) {
    std::cout << '\n' << tables << "Last frame, " << summary(report["ways"][0]["frames"].back()) << '\n';
    if (wanted.ways.size() > 1) {
      std::cout << (equal ? "All ways gave the same statistics, bit for bit.\n"
                          : "FAILED: the ways gave different statistics; stderr says where.\n");
    }
    std::cout << "Contact sheet: " << (wanted.output / "contact_sheet.png").string() << std::endl;
    report_file << report.dump(2) << '\n';
  }
  return equal ? 0 : 1;
}

}  // namespace
}  // namespace gray_scott

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  int code = 0;
  try {
    if (provided < MPI_THREAD_MULTIPLE) {
      throw std::runtime_error(
          "this MPI gives no MPI_THREAD_MULTIPLE, which farhold's progress thread needs");
    }
    code = gray_scott::run_all(gray_scott::read_options(argc, argv, rank == 0));
  } catch (const gray_scott::early_exit& over) {
    code = over.code;
  } catch (const std::exception& error) {
    // The other ranks are somewhere in the middle of the run and would wait for this one for ever.
    std::cerr << "gray_scott: rank " << rank << ": " << error.what() << std::endl;
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return code;
}
