#include <sys/prctl.h>

// prctl takes any number of arguments, and Swift calls no such function.
static inline int refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
