/* Only includes the header, twice, after macros that careless headers define. */
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define small char
#define interface struct
#define ERROR 0
#define STRICT 1
#include "haft.h"
#include "haft.h"

#if HAFT_VERSION_NUMBER != ((HAFT_VERSION_MAJOR << 16) | (HAFT_VERSION_MINOR << 8) | HAFT_VERSION_PATCH)
#error "the number of the version is not made of its parts"
#endif

haft_status first = HAFT_E_ARGUMENT;
int subtracts = 1 - HAFT_E_ARGUMENT;
