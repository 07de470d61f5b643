/*
 * metrics: an instance in numbers, for a program that collects them - the text format of
 * Prometheus, version 0.0.4 (prometheus.io, "Exposition formats"; names as its "Metric and label
 * naming" wants them).
 *
 * No SQL here: what is counted, is counted by the modules of the store.
 */
#ifndef TL_ADMIN_METRICS_H
#define TL_ADMIN_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/store.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What changes with the store's generation only - certificates, lists, services, parameters - is
 * kept as text until that is another one; the rest is asked each time. */
struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m); /* NULL is fine */

/* Appends them to out.  ready: what /readyz says.  On -1 out is of no use. */
int metrics_write(
    struct metrics *m, struct store *s, bool ready, int64_t now, struct wr *out, struct err *e);

#endif
