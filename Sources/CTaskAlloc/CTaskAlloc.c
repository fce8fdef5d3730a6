// More room for the contexts of asynchronous functions.
//
// Swift 6.3.1 says of some optimized functions that their context is 16 bytes smaller than what they keep in it
// (docs/decisions/0073-contexts-have-room.md), so the next context overwrites the end. Each context that a caller
// allocates is made by `swift_task_alloc` of the runtime. The linker lets this one stand before it
// (`--wrap`, Package.swift), which adds what is missing. Tests/EndToEndTests/Contexts tells which functions need it, and
// whether any needs more.
#include <stddef.h>

// The header of a context, which is what the compiler leaves out.
static const size_t missing = 16;

void *__real_swift_task_alloc(size_t size);

// The convention of Swift passes and gives back one word as that of C does.
void *__wrap_swift_task_alloc(size_t size) { return __real_swift_task_alloc(size + missing); }
