/*
 * fleet_plan: a fleet as somebody describes it - models and their shares in one line, or a file
 * that says all of it:
 *
 *   [fleet]
 *   phones = 300
 *   models = 7975:60 8841:40
 *   off = 10
 *   non_sbd = 5
 *   first_mac = 020000000001
 *   tftp = 127.0.0.1:6969
 *   memory = phones
 *
 * No network; makes no folder.
 */
#ifndef TL_CMD_PHONE_FLEET_PLAN_H
#define TL_CMD_PHONE_FLEET_PLAN_H

#include "base/conf.h"
#include "base/err.h"
#include "cmd/phone/fleet.h"

/* The model of those that a fleet's share without Security By Default is made of. */
#define FLEET_PLAN_NON_SBD "7940"

/* What the file does not say is 0, or NULL. */
struct fleet_plan {
	int phones, off, non_sbd; /* the last two in percent */
	struct fleet_mix models;  /* its parts only */
	uint64_t first_mac;
	char *tftp;   /* HOST or HOST:PORT */
	char *memory; /* a relative one is beside the file */
};

/* "7975:60,8841:30 7940": models, each with its share (else 1), and commas or blanks between.  The
 * parts of *out; the rest of it stays. */
int fleet_plan_models(const char *text, struct fleet_mix *out, struct err *e);
/* Twelve hex digits, or fewer. */
int fleet_plan_mac(const char *text, uint64_t *out, struct err *e);

/* On -1 the first fault is in e, "FILE:LINE: ...", and all are in report, which may be NULL.
 * fleet_plan_free() *out, also then. */
int fleet_plan_read(
    const char *path, struct fleet_plan *out, struct conf_report *report, struct err *e);
void fleet_plan_free(struct fleet_plan *p);
/* What is to be made.  Without models all are 7975s, but for the share without Security By Default.
 * ERR_USAGE when that share is said in two ways. */
int fleet_plan_mix(const struct fleet_plan *p, struct fleet_mix *out, struct err *e);

#endif
