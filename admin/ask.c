#include "admin/ask.h"

#include <string.h>
#include <strings.h>

#include "base/httpfield.h"

static bool
begins_with(struct bytes b, const char *text)
{
	size_t n = strlen(text);

	return b.n >= n && strncasecmp((const char *)b.p, text, n) == 0;
}

static bool
copy(struct bytes b, char *to, size_t size)
{
	if (b.n == 0 || b.n >= size || memchr(b.p, '\0', b.n) != NULL)
		return false;
	memcpy(to, b.p, b.n);
	to[b.n] = '\0';
	return true;
}

/* ---- who ---- */

/* The cookie of this name; p is NULL when there is none. */
static struct bytes
cookie_named(struct bytes header, const char *name)
{
	struct bytes pair, key, value;

	while (header.n > 0) {
		if (!http_cut(header, ';', &pair, &header)) {
			pair = header;
			header = bytes_over(NULL, 0);
		}
		if (http_cut(pair, '=', &key, &value) && bytes_eq_text(http_trimmed(key), name))
			return http_trimmed(value);
	}
	return bytes_over(NULL, 0);
}

enum ask_kind
ask_shown(const struct ask *a, char *to, size_t size)
{
	struct bytes cookie;

	to[0] = '\0';
	if (a->authorization.p != NULL) {
		if (!begins_with(a->authorization, "Bearer "))
			return ASK_UNFIT;
		return copy(http_trimmed(bytes_from(a->authorization, 7)), to, size) ? ASK_TOKEN
										     : ASK_UNFIT;
	}
	cookie = cookie_named(a->cookie, ASK_COOKIE);
	if (cookie.p == NULL)
		return ASK_NOBODY;
	return copy(cookie, to, size) ? ASK_SESSION : ASK_UNFIT;
}

bool
ask_is_host(uid_t peer, uid_t own)
{
	return peer == 0 || peer == own;
}

/* ---- from where ---- */

/* "https://host:port" of the very host that was asked. */
static bool
is_own_origin(struct bytes origin, struct bytes host)
{
	static const char scheme[] = "https://";
	struct bytes named = bytes_from(origin, sizeof(scheme) - 1);

	return begins_with(origin, scheme) && host.n > 0 && named.n == host.n &&
	       strncasecmp((const char *)named.p, (const char *)host.p, host.n) == 0;
}

/* A browser that sends Sec-Fetch-Site says whose page asked; "none" is a person.  Browsers send
 * Origin with all that changes something; a program sends neither (Fetch standard). */
const char *
ask_cross_site(const struct ask *a)
{
	if (a->site.p != NULL && !bytes_eq_text(a->site, "same-origin") &&
	    !bytes_eq_text(a->site, "none"))
		return "asked for by a page of another site (Sec-Fetch-Site)";
	if (a->changes && a->origin.p != NULL && !is_own_origin(a->origin, a->host))
		return "asked for by a page of another site (Origin)";
	return NULL;
}

/* ---- headers ---- */

void
ask_cookie_put(struct wr *to, const char *id)
{
	wr_fmt(to, "Set-Cookie: %s=%s; Path=/; Secure; HttpOnly; SameSite=Strict%s\r\n", ASK_COOKIE,
	    id != NULL ? id : "", id != NULL ? "" : "; Max-Age=0");
}

bool
ask_is_type(struct bytes content_type, const char *type)
{
	struct bytes name, rest;

	if (!http_cut(content_type, ';', &name, &rest))
		name = content_type;
	return http_is_text(http_trimmed(name), type);
}

bool
ask_accepts(struct bytes accept, const char *type)
{
	struct bytes item;
	bool named = false;

	while (http_take_item(&accept, &item)) {
		if (ask_is_type(item, "application/json"))
			return false;
		named = named || ask_is_type(item, type);
	}
	return named;
}

bool
ask_prefers_async(struct bytes prefer)
{
	struct bytes item;

	while (http_take_item(&prefer, &item))
		if (ask_is_type(item, "respond-async"))
			return true;
	return false;
}

bool
ask_tag(struct bytes if_match, char *to, size_t size)
{
	struct bytes tag = http_trimmed(if_match);

	to[0] = '\0';
	if (tag.n < 3 || tag.p[0] != '"' || tag.p[tag.n - 1] != '"')
		return false;
	tag = bytes_part(tag, 1, tag.n - 2);
	return memchr(tag.p, '"', tag.n) == NULL && copy(tag, to, size);
}
