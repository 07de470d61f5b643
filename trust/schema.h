/*
 * schema: the numbered steps that make a store what the program expects.
 */
#ifndef TL_TRUST_SCHEMA_H
#define TL_TRUST_SCHEMA_H

#include <stddef.h>

/* Step i (from 0) brings a store from version i to version i + 1.  Commented SQL. */
extern const char *const schema_step[];
extern const size_t schema_steps;

#endif
