#include "tvs/answer.h"

#include <assert.h>
#include <stdio.h>

/* What a cluster does with a certificate of its stores that has expired, no trace shows: the
 * validity is not looked at, here as there is no clock. */
static void
vouch(const struct tvs_known *known, struct tvs_response *response)
{
	response->status = TVS_TRUSTED;
	response->roles = bytes_over(known->role, known->roles);
	response->ttl = known->ttl;
	if (response->command == TVS_QUERY_RESPONSE)
		response->certificate = cert_der(known->cert);
}

/* CUCM looks up issuer and serial number and then compares the certificates.  The other way round
 * it comes to the same, and strangers' bytes are parsed only to say why not. */
static enum tvs_ground
verify(const struct tvs_view *v, const struct tvs_request *request, struct tvs_reason *why)
{
	why->found = tvs_view_find(v, request->certificate);
	if (why->found != NULL)
		return TVS_HELD;
	why->sent = cert_from_der(request->certificate, NULL);
	if (why->sent == NULL)
		return TVS_NO_CERT;
	why->found = tvs_view_named(v, cert_serial(why->sent),
	    bytes_of(cert_issuer(why->sent, CERT_CISCO)), (struct bytes){ 0 });
	return why->found != NULL ? TVS_OTHER : TVS_NOT_HELD;
}

static enum tvs_ground
query(const struct tvs_view *v, const struct tvs_request *request, struct tvs_reason *why)
{
	why->found = tvs_view_named(v, request->serial, request->issuer, request->subject);
	return why->found != NULL ? TVS_HELD : TVS_NOT_HELD;
}

void
tvs_answer(const struct tvs_view *v, const struct tvs_request *request,
    struct tvs_response *response, struct tvs_reason *why)
{
	bool queried = request->command == TVS_QUERY_REQUEST;

	assert(queried || request->command == TVS_VERIFY_REQUEST);
	*why = (struct tvs_reason){ 0 };
	*response = (struct tvs_response){ .session = request->session,
		.command = queried ? TVS_QUERY_RESPONSE : TVS_VERIFY_RESPONSE,
		.status = TVS_NOT_TRUSTED };
	why->ground = queried ? query(v, request, why) : verify(v, request, why);
	if (why->ground == TVS_HELD)
		vouch(why->found, response);
}

void
tvs_reason_free(struct tvs_reason *why)
{
	cert_free(why->sent);
	*why = (struct tvs_reason){ 0 };
}

void
tvs_reason_text(const struct tvs_reason *why, char *to, size_t size)
{
	switch (why->ground) {
	case TVS_HELD:
		snprintf(to, size, "in %s", why->found->stores);
		return;
	case TVS_NOT_HELD:
		snprintf(to, size, "in no store");
		return;
	case TVS_OTHER:
		snprintf(to, size, "another one with its issuer and serial number is in %s",
		    why->found->stores);
		return;
	case TVS_NO_CERT:
		snprintf(to, size, "not a certificate");
		return;
	}
	assert(!"a ground of the four");
}
