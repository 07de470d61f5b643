/*
 * enrol_show: what came of a virtual phone's call to CAPF, and the certificates it has, as fields
 * of a verb's result.
 */
#ifndef TL_CMD_ENROL_SHOW_H
#define TL_CMD_ENROL_SHOW_H

#include "admin/out.h"
#include "cmd/phone/enrol.h"
#include "cmd/phone/memory.h"

/* As fields, from "server" to "result". */
void enrol_show_report(const struct enrol_report *r, struct out *o);
/* As a list "capf" of one row, or of none when the phone had no reason to call. */
void enrol_show_in_boot(const struct enrol_report *r, struct out *o);
/* 0 when it is done; else -1, with why as the error. */
int enrol_answer(const char *name, const struct enrol_report *r, struct err *e);

/* As a list "certificates": its LSC and its MIC. */
void enrol_show_identities(const struct memory *m, struct out *o);

#endif
