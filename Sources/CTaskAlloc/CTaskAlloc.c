// More room for the contexts of asynchronous functions.
//
// Swift 6.3.1 says of some optimized functions that their context is 16 bytes smaller than what they keep in it
// (CONTRIBUTING.md#the-optimized-program), so the next context overwrites the end. Each context that a caller
// allocates is made by `swift_task_alloc` of the runtime; this one stands before it in the program and its libraries,
// and adds what is missing. Tests/EndToEndTests/Contexts tells which functions need it, and whether any needs more.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

// The header of a context, which is what the compiler leaves out.
static const size_t missing = 16;

static void *(*allocate)(size_t);

__attribute__((constructor)) static void find(void) {
    allocate = (void *(*)(size_t))dlsym(RTLD_NEXT, "swift_task_alloc");
    if (!allocate) abort();
}

// The convention of Swift passes and gives back one word as that of C does.
void *swift_task_alloc(size_t size) { return allocate(size + missing); }
