/* links: tl_tvs_proto */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "tvs/proto.h"

static void
check_name(struct bytes name)
{
	assert(name.n <= TVS_NAME_MAX);
	assert(name.n == 0 || memchr(name.p, '\0', name.n) == NULL);
}

static void
check_device(const char *device)
{
	size_t n = strlen(device);

	assert(n > 0 && n <= TVS_DEVICE_MAX);
	for (size_t i = 0; i < n; i++)
		assert(device[i] > ' ' && device[i] <= '~');
}

/* What was read says the same when it is written and read again. */
static void
check_request(const struct tvs_request *r)
{
	struct wr once = { 0 }, twice = { 0 };
	struct tvs_request again;
	struct err e;

	check_device(r->device);
	check_name(r->subject);
	check_name(r->issuer);
	assert(r->serial.n <= TVS_SERIAL_MAX && r->certificate.n <= TVS_CERT_MAX);
	assert((r->command == TVS_VERIFY_REQUEST) == (r->certificate.n > 0));
	tvs_request_encode(r, &once);
	assert(tvs_request_decode(wr_view(&once), &again, &e) == 0);
	tvs_request_encode(&again, &twice);
	assert(bytes_eq(wr_view(&once), wr_view(&twice)));
	assert(bytes_eq(r->serial, again.serial) && bytes_eq(r->issuer, again.issuer));
	wr_free(&once);
	wr_free(&twice);
}

static void
check_response(const struct tvs_response *r)
{
	struct wr once = { 0 }, twice = { 0 };
	struct tvs_response again;
	struct err e;

	assert(r->roles.n <= TVS_ROLES_MAX && r->certificate.n <= TVS_CERT_MAX);
	assert(
	    r->status == TVS_TRUSTED || (r->certificate.n == 0 && r->roles.n == 0 && r->ttl == 0));
	tvs_response_encode(r, &once);
	assert(tvs_response_decode(wr_view(&once), &again, &e) == 0);
	tvs_response_encode(&again, &twice);
	assert(bytes_eq(wr_view(&once), wr_view(&twice)));
	assert(bytes_eq(r->certificate, again.certificate) && r->ttl == again.ttl);
	wr_free(&once);
	wr_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_over(data, size);
	struct tvs_request request;
	struct tvs_response response;
	struct err e = { 0 };

	if (tvs_request_decode(in, &request, &e) == 0)
		check_request(&request);
	else
		assert(request.command == 0 && e.text[0] != '\0');
	if (tvs_response_decode(in, &response, &e) == 0)
		check_response(&response);
	else
		assert(response.command == 0);
	assert(request.command == 0 || response.command == 0);
	assert((request.command == 0 && response.command == 0) || tvs_frame(in) == (ssize_t)size);
	return 0;
}
