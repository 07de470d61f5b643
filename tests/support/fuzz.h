/*
 * fuzz: the one function of a fuzz target, tests/fuzz/fuzz_NAME.c.  libFuzzer calls it with what it
 * invents; in the everyday build replay.c calls it with the files of tests/fuzz/corpus/NAME.
 */
#ifndef TL_TESTS_FUZZ_H
#define TL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; what must not happen ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
