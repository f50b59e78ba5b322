/* Loaded before everything else into the Janus of the tests: its interfaces have no loopback flag, because Janus never
   offers an address of one that has, and a machine without a network would have none left. */
#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>

typedef int (*lister)(struct ifaddrs **);

int getifaddrs(struct ifaddrs **list) {
  lister next = (lister)dlsym(RTLD_NEXT, "getifaddrs");
  int failed = next(list);
  if (!failed)
    for (struct ifaddrs *entry = *list; entry; entry = entry->ifa_next) entry->ifa_flags &= ~(unsigned)IFF_LOOPBACK;
  return failed;
}
