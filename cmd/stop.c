#include "cmd/stop.h"

#include <stddef.h>

static volatile bool stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = true;
}

volatile const bool *
stop_catch(struct stop *was)
{
	struct sigaction ours = { .sa_handler = on_signal };

	stopped = false;
	sigaction(SIGINT, &ours, &was->interrupt);
	sigaction(SIGTERM, &ours, &was->terminate);
	return &stopped;
}

void
stop_leave(const struct stop *was)
{
	sigaction(SIGINT, &was->interrupt, NULL);
	sigaction(SIGTERM, &was->terminate, NULL);
}
