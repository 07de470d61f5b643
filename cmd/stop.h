/*
 * stop: SIGINT and SIGTERM as a wish, for what runs long and would leave half of its work behind -
 * whoever does it looks at the flag, ends by itself, and puts its things away.
 */
#ifndef TL_CMD_STOP_H
#define TL_CMD_STOP_H

#include <signal.h>
#include <stdbool.h>

struct stop {
	struct sigaction interrupt, terminate; /* as they were */
};

/* From here on the two only set the flag, which is of the whole process.  stop_leave() it. */
volatile const bool *stop_catch(struct stop *was);
void stop_leave(const struct stop *was);

#endif
