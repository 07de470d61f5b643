/*
 * httpfield: the header lines of HTTP, "Name: value" (RFC 9110, 5) - taken apart, searched,
 * written. Pure.
 *
 * The same rules for what peers send and what we do: a name is a token, and no control character is
 * in a value, least of all one that ends a line.
 */
#ifndef TL_BASE_HTTPFIELD_H
#define TL_BASE_HTTPFIELD_H

#include <stdbool.h>

#include "base/bytes.h"

/* ---- pieces ---- */

/* The next line without its end, which is LF or CR LF (RFC 9112, 2.2); false: none ends here. */
bool http_take_line(struct bytes *rest, struct bytes *line);
/* What is before the first c, and what is behind; false: there is no c. */
bool http_cut(struct bytes b, uint8_t c, struct bytes *before, struct bytes *behind);
/* The next item of a list with commas, without the blanks around it; false: the list is empty. */
bool http_take_item(struct bytes *list, struct bytes *item);
bool http_is_token(struct bytes b); /* RFC 9110, 5.6.2 */
bool http_has_control(struct bytes b);
bool http_is_text(struct bytes b, const char *text); /* capitals do not count */
struct bytes http_trimmed(struct bytes b);	     /* without the blanks around it */

/* ---- lines ---- */

/* The value of the first line with this name, trimmed; p is NULL when there is none.  An empty line
 * ends the search. */
struct bytes http_field(struct bytes lines, const char *name);
/* Each of them is a header and ends in CR LF, and none is empty: they can stand in a head. */
bool http_fields_fit(struct bytes lines);
/* A line with its CR LF.  False, and nothing is written: the name is none, or the value holds what
 * could be taken for more than a value.  So a foreign text never becomes a header of its own. */
bool http_field_put(struct wr *to, const char *name, struct bytes value);

#endif
