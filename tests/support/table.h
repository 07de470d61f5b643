/*
 * table: the tab separated tables that come with the vectors (tests/data/vectors/README.md).
 */
#ifndef TL_TESTS_TABLE_H
#define TL_TESTS_TABLE_H

#include "base/bytes.h"

enum { TABLE_FIELDS = 16 };

/* Calls row() for each line, with its fields; those that are missing or "-" are NULL, '""' is an
 * empty text. */
void table_each(
    struct bytes text, void (*row)(const char *const field[TABLE_FIELDS], void *ctx), void *ctx);

#endif
