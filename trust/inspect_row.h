/*
 * inspect_row: the value of an element in words for a person, into a row of inspect.h.  Used by
 * inspect.c alone.  Takes anything: what is wrong with a value is said elsewhere, except for
 * certificates.
 */
#ifndef TL_TRUST_INSPECT_ROW_H
#define TL_TRUST_INSPECT_ROW_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/inspect.h"
#include "trust/sighdr.h"

void inspect_row_text(struct bytes text, struct inspect_row *row);
void inspect_row_hex(struct bytes value, struct inspect_row *row); /* the first bytes of it */
/* By its form alone. */
void inspect_row_plain(const struct element *el, struct bytes value, struct inspect_row *row);
void inspect_row_header(const struct element *el, struct bytes value, struct inspect_row *row);
void inspect_row_record(const struct element *el, struct bytes value, struct inspect_row *row);
void inspect_row_problem(struct inspect_row *row, const struct err *e);
void inspect_row_time(int64_t when, char *to, size_t size); /* UTC */

#endif
