// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "finalize_hook.hpp"

#include <mpi.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "errors.hpp"

namespace farhold::mpi::detail::finalize_hook {
namespace {

struct client_list {
  std::mutex mutex;
  std::condition_variable call_ended;
  std::vector<finalize_client*> clients;  // in the order of opening
  finalize_client* called = nullptr;
  std::thread::id caller;
  bool attached = false;
};

enum class phase { before, calling, over };
std::atomic<phase> state{phase::before};

// Never destroyed: MPI_Finalize may be called from a static destructor or an atexit handler.
client_list& list() noexcept {
  static client_list* const the_list = new client_list;
  return *the_list;
}

void call_all() noexcept {
  client_list& l = list();
  std::unique_lock lock(l.mutex);
  l.caller = std::this_thread::get_id();
  // Sequentially consistent, as is the other side: a thread that is not seen inside sees this.
  state = phase::calling;
  for (finalize_client* client : l.clients) client->quiesce();
  while (!l.clients.empty()) {
    l.called = l.clients.back();
    l.clients.pop_back();
    lock.unlock();
    l.called->on_finalize();  // will call remove() or replace()
    lock.lock();
    l.called = nullptr;
    l.call_ended.notify_all();
  }
  state = phase::over;
}

extern "C" int farhold_mpi_comm_self_deleted(MPI_Comm, int, void*, void*) {
  call_all();
  return MPI_SUCCESS;
}

status attach() noexcept {
  int keyval = MPI_KEYVAL_INVALID;
  int code = MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, farhold_mpi_comm_self_deleted, &keyval, nullptr);
  if (code != MPI_SUCCESS) return from_mpi(code, "MPI_Comm_create_keyval");
  code = MPI_Comm_set_attr(MPI_COMM_SELF, keyval, nullptr);
  // Marks it only: the keyval lives on until the attribute is deleted.
  (void)MPI_Comm_free_keyval(&keyval);
  return from_mpi(code, "MPI_Comm_set_attr on MPI_COMM_SELF");
}

}  // namespace

status add(finalize_client& client) noexcept {
  client_list& l = list();
  const std::lock_guard lock(l.mutex);
  try {
    // One more than needed: replace() may have to append and cannot fail.
    l.clients.reserve(l.clients.size() + 2);
    if (!l.attached) {
      if (const status outcome = attach(); !outcome.ok()) return outcome;
      l.attached = true;
    }
    l.clients.push_back(&client);
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "the list of open MPI transports"};
  }
  return {};
}

void remove(finalize_client& client) noexcept {
  client_list& l = list();
  std::unique_lock lock(l.mutex);
  std::erase(l.clients, &client);
  if (l.called == &client && l.caller != std::this_thread::get_id()) {
    l.call_ended.wait(lock, [&] { return l.called != &client; });
  }
}

void replace(finalize_client& before, finalize_client& now) noexcept {
  client_list& l = list();
  std::unique_lock lock(l.mutex);
  const auto at = std::ranges::find(l.clients, &before);
  if (at != l.clients.end()) {
    *at = &now;
    return;
  }
  l.clients.push_back(&now);
  if (l.called == &before && l.caller != std::this_thread::get_id()) {
    l.call_ended.wait(lock, [&] { return l.called != &before; });
  }
}

bool lets_in() noexcept {
  const phase p = state;
  return p == phase::before || (p == phase::calling && std::this_thread::get_id() == list().caller);
}

}  // namespace farhold::mpi::detail::finalize_hook
