#include "admin/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/events.h"
#include "admin/out.h"
#include "base/clock.h"
#include "base/httplater.h"
#include "base/log.h"
#include "base/mem.h"
#include "trust/event.h"

enum {
	LOOK_MS = 500,	  /* into the store */
	ALIVE_MS = 15000, /* a comment, so that a peer that is gone is noticed */
	AT_ONCE = 500,	  /* events for one listener at one look */
};

struct listener {
	struct feed *feed;
	struct listener *next;
	struct http_stream *stream;
	int64_t after;
	char *device, *service;
	bool is_host;
	struct login who;
	int64_t until, alive; /* clock_mono_ms(): the end of a session's, the next comment */
};

struct feed {
	struct store *store;
	struct loop_watch *timer;
	struct listener *first;
	size_t n;
};

static void
unlink_listener(struct feed *f, struct listener *w)
{
	struct listener **at = &f->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	f->n--;
	free(w->device);
	free(w->service);
	free(w);
}

static void
on_gone(void *ctx)
{
	struct listener *w = ctx;

	unlink_listener(w->feed, w);
}

static void
end(struct listener *w)
{
	http_stream_end(w->stream);
	unlink_listener(w->feed, w);
}

/* ---- what is sent ---- */

static void
put_event(struct wr *to, const struct event_row *v)
{
	struct out *o = out_new();
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	events_put(o, v);
	if (f == NULL)
		abort();
	out_show_line(o, f);
	fclose(f);
	wr_fmt(to, "id: %lld\nevent: event\ndata: ", (long long)v->id);
	wr_put(to, bytes_over(text, n)); /* ends its line itself */
	wr_u8(to, '\n');
	free(text);
	out_free(o);
}

static bool
wants(const struct listener *w, const struct event_row *v)
{
	return w->service == NULL || strcasecmp(w->service, v->service) == 0;
}

/* The events after the last one that it has; those it does not want move it on all the same. */
static void
tell(struct listener *w, int64_t now)
{
	struct event_row *row = NULL;
	struct wr text = { 0 };
	struct err e;
	size_t n = 0;

	if (events_list(w->feed->store, w->after, w->device, AT_ONCE, &row, &n, &e) != 0) {
		log_err(LOG_WARN, "admin", NULL, NULL, "events-not-read", &e);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		w->after = row[i].id;
		if (wants(w, &row[i]))
			put_event(&text, &row[i]);
	}
	free(row);
	if (text.n == 0 && now >= w->alive)
		wr_text(&text, ": alive\n\n");
	if (text.n > 0) {
		w->alive = now + ALIVE_MS;
		http_stream_put(w->stream, wr_view(&text));
	}
	wr_free(&text);
}

/* A session that is shown each few minutes would never end: so its stream ends as it would. */
static bool
may_listen(const struct listener *w, int64_t now)
{
	struct user_row user;
	struct user_token token;
	bool may;

	if (w->is_host)
		return true;
	if (w->until <= now)
		return false;
	if (w->alive > now) /* now and then is enough */
		return true;
	may = user_find(w->feed->store, w->who.user, &user, NULL) == 0 && !user.disabled;
	mem_wipe(&user, sizeof(user));
	if (may && w->who.token != 0)
		may = user_token_get(w->feed->store, w->who.token, &token, NULL) == 0 &&
		      token.revoked == 0 && token.expires > clock_wall();
	return may;
}

static void
on_look(void *ctx)
{
	struct feed *f = ctx;
	int64_t now = clock_mono_ms();

	for (struct listener *w = f->first, *next; w != NULL; w = next) {
		next = w->next;
		if (may_listen(w, now))
			tell(w, now);
		else
			end(w);
	}
	if (f->first != NULL)
		loop_timer_start(f->timer, LOOK_MS);
}

/* ---- who listens ---- */

struct feed *
feed_new(struct loop *l, struct store *s)
{
	struct feed *f = mem_new(sizeof(*f));

	f->store = s;
	f->timer = loop_timer(l, on_look, f);
	return f;
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	while (f->first != NULL)
		unlink_listener(f, f->first);
	loop_forget(f->timer);
	free(f);
}

/* The newest there is; 0: none. */
static int
newest(struct feed *f, int64_t *out, struct err *e)
{
	struct event_row *row = NULL;
	size_t n = 0;

	if (events_list(f->store, EVENTS_NEWEST, NULL, 1, &row, &n, e) != 0)
		return -1;
	*out = n > 0 ? row[0].id : 0;
	free(row);
	return 0;
}

int
feed_add(struct feed *f, struct http_request *r, const struct feed_want *want, const char *headers,
    struct err *e)
{
	int64_t now = clock_mono_ms(), after = want->after;
	struct listener *w;

	if (f->n >= FEED_MAX)
		return err_set(e, ERR_BUSY, "%d listen already", FEED_MAX);
	if (after < 0 && newest(f, &after, e) != 0)
		return -1;
	w = mem_new(sizeof(*w));
	*w = (struct listener){ .feed = f,
		.after = after,
		.device = mem_text(want->device),
		.service = mem_text(want->service),
		.is_host = want->who == NULL,
		.until = INT64_MAX,
		.alive = now + ALIVE_MS,
		.next = f->first };
	if (want->who != NULL) {
		w->who = *want->who;
		if (w->who.token == 0)
			w->until = now + (int64_t)SESSION_IDLE * 1000;
	}
	f->first = w;
	f->n++;
	w->stream = http_stream(r, "text/event-stream", headers, on_gone, w);
	loop_timer_start(f->timer, 0);
	return 0;
}
