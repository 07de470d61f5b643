#include "admin/api_inside.h"
#include "admin/problem.h"
#include "base/httpfield.h"

/* Of all answers.  Documents are shown by nothing: a browser that is led to one does not run what
 * stands in it.  No Strict-Transport-Security: the certificate signs for itself and is regenerated
 * in a lab's everyday life, and a browser that was told once would let nobody past the warning. */
static const char usual[] =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

/* A page brings its own policy. */
static const char *
lines_of(struct wr *headers)
{
	if (http_field(wr_view(headers), "Content-Security-Policy").p == NULL)
		wr_text(headers, usual);
	return wr_cstr(headers);
}

static struct http_content
content_of(int status, const char *type, struct wr *headers, struct bytes body)
{
	return (struct http_content){
		.status = status, .type = type, .headers = lines_of(headers), .body = body
	};
}

void
api_reply(
    struct http_request *r, int status, const char *type, struct wr *headers, struct bytes body)
{
	struct wr own = { 0 };
	struct http_content c = content_of(status, type, headers == NULL ? &own : headers, body);

	http_reply(r, &c);
	wr_free(&own);
}

void
api_later_reply(
    struct http_later *l, int status, const char *type, struct wr *headers, struct bytes body)
{
	struct wr own = { 0 };
	struct http_content c = content_of(status, type, headers == NULL ? &own : headers, body);

	http_later_reply(l, &c);
	wr_free(&own);
}

/* Headers that go with a code. */
static void
put_headers(struct wr *to, const char *code, int64_t wait)
{
	int status = problem_status(code);

	if (status == 401)
		wr_text(to, "WWW-Authenticate: Bearer\r\n");
	if (wait > 0)
		wr_fmt(to, "Retry-After: %lld\r\n", (long long)wait);
	else if (status == 503)
		wr_text(to, "Retry-After: 5\r\n");
}

void
api_fail(struct http_request *r, const char *code, const char *detail, const char *hint)
{
	struct wr body = { 0 }, headers = { 0 };

	put_headers(&headers, code, 0);
	problem_put(&body, code, detail, hint, bytes_over(NULL, 0));
	api_reply(r, problem_status(code), PROBLEM_TYPE, &headers, wr_view(&body));
	wr_free(&headers);
	wr_free(&body);
}

void
api_fail_err(struct http_request *r, const struct err *e)
{
	api_fail(r, problem_code(e->code), e->text, e->hint);
}

void
api_later_refuse(struct http_later *l, const struct err *e, int64_t wait)
{
	const char *code = problem_code(e->code);
	struct wr body = { 0 }, headers = { 0 };

	if (e->code == ERR_DENIED)
		code = wait > 0 ? "throttled" : "not-logged-in";
	put_headers(&headers, code, wait);
	problem_put(&body, code, e->text, e->hint, bytes_over(NULL, 0));
	api_later_reply(l, problem_status(code), PROBLEM_TYPE, &headers, wr_view(&body));
	wr_free(&headers);
	wr_free(&body);
}

void
api_wrong_method(struct http_request *r, unsigned allowed)
{
	struct wr body = { 0 }, headers = { 0 };

	wr_text(&headers, "Allow: ");
	http_methods_put(&headers, allowed);
	wr_text(&headers, "\r\n");
	problem_put(&body, "method", "not by this method", NULL, bytes_over(NULL, 0));
	api_reply(r, problem_status("method"), PROBLEM_TYPE, &headers, wr_view(&body));
	wr_free(&headers);
	wr_free(&body);
}
