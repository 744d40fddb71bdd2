// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdint>
#include <string>

#include <farhold/mpi.hpp>

#include "errors.hpp"

namespace farhold::mpi::detail {
namespace {

/// A token with the largest inline object is far smaller.
constexpr std::size_t max_token_bytes = std::size_t{64} << 10U;

void check(int code, const std::string& what) {
  if (code != MPI_SUCCESS) throw error(errc::transport_failure, what + " failed: " + describe(code));
}

void check_size(std::size_t size_bytes) {
  if (size_bytes > max_token_bytes) {
    throw error(errc::invalid_argument,
                "a proxy of " + std::to_string(size_bytes) +
                    " bytes does not fit into an MPI message of farhold (64 KiB); use a smaller "
                    "inline_bytes in the options of its store");
  }
}

void require_group(MPI_Comm comm) {
  int between_groups = 0;
  check(MPI_Comm_test_inter(comm, &between_groups), "MPI_Comm_test_inter");
  if (between_groups != 0) {
    throw error(errc::invalid_argument,
                "bcast of a proxy over an inter-communicator; merge it first (MPI_Intercomm_merge)");
  }
}

std::int64_t bcast_size(std::int64_t size, int root, MPI_Comm comm) {
  check(MPI_Bcast(&size, 1, MPI_INT64_T, root, comm),
        "MPI_Bcast of a proxy from rank " + std::to_string(root));
  return size;
}

}  // namespace

void send_token(byte_view token, int dest, int tag, MPI_Comm comm) {
  check_size(token.size());
  check(MPI_Send(token.data(), static_cast<int>(token.size()), MPI_BYTE, dest, tag, comm),
        "MPI_Send of a proxy to rank " + std::to_string(dest));
}

std::vector<std::byte> recv_token(int source, int tag, MPI_Comm comm) {
  if (source == MPI_PROC_NULL)
    throw error(errc::invalid_argument, "no proxy can be received from MPI_PROC_NULL");
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status envelope;
  check(MPI_Mprobe(source, tag, comm, &message, &envelope), "MPI_Mprobe for a proxy");
  int count = MPI_UNDEFINED;
  check(MPI_Get_count(&envelope, MPI_BYTE, &count), "MPI_Get_count of a proxy");
  const std::string sender = "from rank " + std::to_string(envelope.MPI_SOURCE);
  if (count < 0) throw error(errc::corrupt, "the message " + sender + " is no proxy: it has 2 GiB or more");

  // Whatever it is, it is matched: it has to be received, and in whole, for a truncation would go to the
  // communicator's error handler, which by default ends the job.
  std::vector<std::byte> token(static_cast<std::size_t>(count));
  check(MPI_Mrecv(token.data(), count, MPI_BYTE, &message, MPI_STATUS_IGNORE),
        "MPI_Mrecv of a proxy " + sender);
  if (token.size() > max_token_bytes) {
    throw error(errc::corrupt, "the message " + sender + " with tag " + std::to_string(envelope.MPI_TAG) +
                                   " is no proxy: it has " + std::to_string(count) + " bytes");
  }
  return token;
}

bool is_root(int root, MPI_Comm comm) {
  require_group(comm);
  int rank = 0;
  check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  return rank == root;
}

void bcast_token(std::vector<std::byte>& token, int root, MPI_Comm comm) {
  if (is_root(root, comm)) {
    try {
      check_size(token.size());
    } catch (...) {
      bcast_failure(root, comm);
      throw;
    }
  }
  const std::int64_t size = bcast_size(static_cast<std::int64_t>(token.size()), root, comm);
  if (size < 0) {
    throw error(
        errc::invalid_argument,
        "rank " + std::to_string(root) + ", the root of a bcast, had no proxy that can be sent; it says why");
  }
  if (static_cast<std::uint64_t>(size) > max_token_bytes)
    throw error(errc::corrupt, "bcast of what is no proxy");
  token.resize(static_cast<std::size_t>(size));
  check(MPI_Bcast(token.data(), static_cast<int>(size), MPI_BYTE, root, comm),
        "MPI_Bcast of a proxy from rank " + std::to_string(root));
}

void bcast_failure(int root, MPI_Comm comm) { (void)bcast_size(-1, root, comm); }

}  // namespace farhold::mpi::detail
