/*
 * events: an event of the trail as the document that `events tail` and the stream have of it.
 */
#ifndef TL_ADMIN_EVENTS_H
#define TL_ADMIN_EVENTS_H

#include "admin/out.h"
#include "trust/event.h"

/* Its fields, into a row or a result. */
void events_put(struct out *o, const struct event_row *v);

#endif
