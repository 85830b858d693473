#ifndef FUZZER_H
#define FUZZER_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own loop, for a program that has a main of its own (LLVM's documentation, "Using libFuzzer as a library"). */
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*entry)(const uint8_t *data, size_t size));

#endif
