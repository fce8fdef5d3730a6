// Nothing to call: see CTaskAlloc.c.
