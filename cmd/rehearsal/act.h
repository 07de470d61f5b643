/*
 * act: one step of a rehearsal done on its stage.
 */
#ifndef TL_CMD_REHEARSAL_ACT_H
#define TL_CMD_REHEARSAL_ACT_H

#include "base/err.h"
#include "cmd/rehearsal/report.h"
#include "cmd/rehearsal/script.h"
#include "cmd/rehearsal/stage.h"

/* 0: done; -1: it could not be done, or it did not end as the script wants.  What it says stands in
 * to->note. DO_EXPECT_END is for who knows the whole run: it is always done. */
int act(struct stage *s, const struct script_step *step, volatile const bool *stop,
    struct report_step *to, struct err *e);

#endif
