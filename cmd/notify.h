/*
 * notify: tells systemd how we are (sd_notify(3)): one datagram to the socket it names.  Without
 * systemd nothing happens.
 */
#ifndef TL_CMD_NOTIFY_H
#define TL_CMD_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." */
void notify_send(const char *state);
/* How often the watchdog wants to hear from us, in milliseconds (half of its limit); 0: never. */
int64_t notify_watchdog_ms(void);

#endif
