/*
 * monitor: the listener [health] of trustlist.conf - /healthz, /readyz and /metrics in plain HTTP,
 * for whoever reaches it, from a thread of its own: what monitors ask keeps no phone waiting.
 */
#ifndef TL_CMD_MONITOR_H
#define TL_CMD_MONITOR_H

#include "admin/health.h"
#include "base/err.h"
#include "cmd/config.h"

#define MONITOR_ADDRESS "127.0.0.1" /* unless the section names another */

struct monitor;

/* What a configuration says of services; root is borrowed. */
struct health_scene monitor_scene(const char *root, const struct config *config);

/* *out NULL: port is 0, there is none.  root is borrowed.  monitor_close() it. */
int
monitor_open(const char *root, const struct config *config, struct monitor **out, struct err *e);
/* From now on /readyz says no: the process takes no phones any more.  NULL is fine, here and below.
 */
void monitor_stopping(struct monitor *m);
void monitor_close(struct monitor *m);

#endif
