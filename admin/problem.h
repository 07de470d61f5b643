/*
 * problem: an error as HTTP has it - the status of each code, and the document that says what, why
 * and what to do next (RFC 9457, application/problem+json).
 */
#ifndef TL_ADMIN_PROBLEM_H
#define TL_ADMIN_PROBLEM_H

#include "base/bytes.h"
#include "base/err.h"

#define PROBLEM_TYPE "application/problem+json"

/* The HTTP status of a code ("not-found"): a word of verb_code_word(), or one that only HTTP has.
 * 500 for any other. */
int problem_status(const char *code);

/* The code that errors of this kind have; those of logins are not here. */
const char *problem_code(enum err_code code);

/* And those that httpd answers itself, by their status: "usage" for what has none of its own. */
const char *problem_code_of(int status);

/* detail and hint (NULL or "": none) may be foreign text.  result: a JSON object with what there
 * was to say before it failed; empty: nothing. */
void problem_put(
    struct wr *to, const char *code, const char *detail, const char *hint, struct bytes result);

/* With a status that is not the code's usual one. */
void problem_put_as(struct wr *to, int status, const char *code, const char *detail,
    const char *hint, struct bytes result);

/* All codes, for the OpenAPI document; NULL after the last. */
const char *problem_code_at(size_t n);

#endif
