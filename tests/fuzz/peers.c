#include "peers.h"

#include <dlfcn.h>
#include <stdlib.h>

void *peer_library(const char *variable, const char *const *names) {
    const char *given = getenv(variable);
    void *library = given && *given ? dlopen(given, RTLD_LAZY | RTLD_LOCAL) : NULL;
    for (; !library && *names; names++) library = dlopen(*names, RTLD_LAZY | RTLD_LOCAL);
    return library;
}
