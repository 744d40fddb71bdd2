// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "mail.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>

namespace gray_scott {

std::vector<std::byte> write_letter(frame_descriptor descriptor, std::span<const std::byte> u,
                                    std::span<const std::byte> v) {
  descriptor.u_bytes = u.size();
  descriptor.v_bytes = v.size();
  const auto head = std::as_bytes(std::span(&descriptor, 1));
  std::vector<std::byte> message(head.size() + u.size() + v.size());
  auto end = std::copy(head.begin(), head.end(), message.begin());
  end = std::copy(u.begin(), u.end(), end);
  std::copy(v.begin(), v.end(), end);
  return message;
}

letter read_letter(std::span<const std::byte> message) {
  letter result;
  if (message.size() < sizeof result.descriptor) {
    throw std::runtime_error("a letter of " + std::to_string(message.size()) + " bytes has no descriptor");
  }
  std::memcpy(&result.descriptor, message.data(), sizeof result.descriptor);
  const auto parts = message.subspan(sizeof result.descriptor);
  if (result.descriptor.u_bytes > parts.size() ||
      parts.size() - result.descriptor.u_bytes != result.descriptor.v_bytes) {
    throw std::runtime_error("a letter is not as long as its descriptor says");
  }
  result.u = parts.first(result.descriptor.u_bytes);
  result.v = parts.subspan(result.descriptor.u_bytes);
  return result;
}

void send_bytes(std::span<const std::byte> message, int destination, mail_tag tag, MPI_Comm comm) {
  if (message.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::runtime_error(
        "a message of " + std::to_string(message.size()) +
        " bytes is more than MPI_Send counts; use more simulation ranks, or send proxies");
  }
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Isend(message.data(), static_cast<int>(message.size()), MPI_BYTE, destination, static_cast<int>(tag),
            comm, &request);
  wait_politely(std::span(&request, 1));
}

int receive_bytes(std::vector<std::byte>& message, int source, mail_tag tag, MPI_Comm comm) {
  MPI_Message matched = MPI_MESSAGE_NULL;
  MPI_Status status;
  int found = 0;
  for (int attempts = 0;; ++attempts) {
    MPI_Improbe(source, static_cast<int>(tag), comm, &found, &matched, &status);
    if (found != 0) {
      break;
    }
    if (attempts < 100) {
      std::this_thread::yield();
    } else {  // frames come every few hundred milliseconds
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
  int length = 0;
  MPI_Get_count(&status, MPI_BYTE, &length);
  message.resize(static_cast<std::size_t>(length));
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Imrecv(message.data(), length, MPI_BYTE, &matched, &request);
  wait_politely(std::span(&request, 1));
  return status.MPI_SOURCE;
}

void wait_politely(std::span<MPI_Request> requests) {
  int finished = 0;
  while (true) {
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &finished, MPI_STATUSES_IGNORE);
    if (finished != 0) {
      return;
    }
    std::this_thread::yield();  // never asleep: the neighbour's halo row is a matter of microseconds
  }
}

}  // namespace gray_scott
