/*
 * host: what one worker runs - for each node of the cluster the listeners of its services, on one
 * loop, with a store connection and caches of its own.
 */
#ifndef TL_CMD_HOST_H
#define TL_CMD_HOST_H

#include "base/worker.h"
#include "cmd/config.h"
#include "cmd/scribe.h"
#include "trust/node.h"

/* What all workers are given, read-only while they run. */
struct host_plan {
	const char *root;
	const struct config *config;
	const struct node *node; /* all of the cluster */
	size_t nodes;
	const struct tls_tickets
	    *tickets;		      /* so that a session of one worker resumes with another */
	struct capf_numbers *numbers; /* of CAPF sessions */
	struct scribe *scribe;	      /* writes what they note */
};

/* For workers_start(); its ctx is a struct host_plan. */
extern const struct worker_ops host_ops;

#endif
