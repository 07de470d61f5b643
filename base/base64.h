/*
 * base64: bytes as text (RFC 4648, 4), both ways.  Strict: no blanks, no line ends, whole groups of
 * four, and the bits that mean nothing are 0, so that each text has one meaning and each meaning
 * one text.
 */
#ifndef TL_BASE_BASE64_H
#define TL_BASE_BASE64_H

#include <stdbool.h>

#include "base/bytes.h"

void base64_put(struct wr *to, struct bytes content);
/* Appends what the text means; false: it is none, and what was appended is of no use. */
bool base64_take(struct bytes text, struct wr *to);

#endif
