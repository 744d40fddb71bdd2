// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Valgrind before 3.21 does not know pidfd_open(2), without which no peer's memory is mapped. Where the
// kernel seems not to have it, and only there, this gives a descriptor that polls as one of a living process
// does: never readable.
#include <cerrno>
#include <cstdarg>

#include <dlfcn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" long syscall(long number, ...) noexcept {
  using real_syscall = long (*)(long, long, long, long, long, long, long);
  static const auto real = reinterpret_cast<real_syscall>(::dlsym(RTLD_NEXT, "syscall"));
  std::va_list given;
  va_start(given, number);
  long argument[6];
  for (long& a : argument) a = va_arg(given, long);
  va_end(given);
  const long outcome =
      real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
  if (number == SYS_pidfd_open && outcome < 0 && errno == ENOSYS) return ::eventfd(0, EFD_CLOEXEC);
  return outcome;
}
